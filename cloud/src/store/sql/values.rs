//! What stands for the parameters of a statement.

use rusqlite::ToSql;

/// Values for a statement's parameters, in their order.
pub trait Values {
    /// Lends the values.
    fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R;
}

impl Values for &[&dyn ToSql] {
    fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        run(self)
    }
}

// Of no values the compiler must be told a type, which is why the sizes are listed.
impl Values for [&dyn ToSql; 0] {
    fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
        run(&[])
    }
}

macro_rules! of_size {
    ($($size:literal)*) => { $(
        impl<T: ToSql> Values for [T; $size] {
            fn with<R>(&self, run: impl FnOnce(&[&dyn ToSql]) -> R) -> R {
                run(&self.each_ref().map(|value| value as &dyn ToSql))
            }
        }
    )* };
}

of_size!(1 2 3 4);
