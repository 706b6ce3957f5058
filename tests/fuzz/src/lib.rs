//! What every fuzzer here has in common; what it throws its bytes at is in `usher_tests::hostile`.

pub use libfuzzer_sys::fuzz_target;
pub use usher_tests::hostile;

/// Makes a fuzzer's entry point of a target's name.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        std::thread_local! {
            // libFuzzer calls a bare function, from one thread: there is nobody else to keep the target ready.
            static TARGET: std::cell::RefCell<$crate::hostile::Target> = $crate::hostile::open($name).into();
        }

        $crate::fuzz_target!(|data: &[u8]| TARGET.with_borrow_mut(|target| target(data)));
    };
}
