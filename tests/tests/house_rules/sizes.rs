//! How long files and functions may grow before they must be split. Tests inside a file do not count; whether a
//! split makes sense is the reader's to judge.

use crate::source::{self, line_of};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// Lines of a shipped file without its tests. Most are 60 to 250; at 400 ask, here stop: one file is one idea.
const FILE_LINES: usize = 450;
/// Lines of a file of tests or of what they work with: a scene and the stories told in it.
const TEST_FILE_LINES: usize = 600;
/// Lines of the tests inside a shipped file; more stand in a `tests.rs` beside it, so that the code is what a reader meets.
const INLINE_TEST_LINES: usize = 100;
/// Lines of half of the shipped files, without their tests.
const MEDIAN_LINES: usize = 130;
/// Lines of three quarters of them.
const THIRD_QUARTILE_LINES: usize = 205;
/// Lines of a `main.rs`: it reads arguments, calls the library and turns the result into an exit code.
const MAIN_LINES: usize = 60;
/// Lines of a function from `fn` to its closing brace. Most are up to 30; a screen holds 60, of a test's story too.
const FUNCTION_LINES: usize = 60;
/// Lines between the braces of a web handler: it unpacks, calls the domain and packs.
const HANDLER_BODY_LINES: usize = 25;
/// What stands before every web handler.
const HANDLER_MARK: &str = "#[utoipa::path";

/// Refuses files beyond their limit.
pub fn files(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter_map(|file| {
            let limit = if file.path.ends_with("src/main.rs") {
                MAIN_LINES
            } else if file.is_shipped() {
                FILE_LINES
            } else {
                TEST_FILE_LINES
            };
            let lines = lines_without_tests(file);
            (lines > limit).then(|| {
                Breach::at(
                    file,
                    1,
                    format!("{lines} lines without tests, the limit is {limit}"),
                )
            })
        })
        .collect()
}

/// Refuses shipped files with more tests inside than a reader should pass over.
pub fn inline_tests(tree: &Tree) -> Vec<Breach> {
    let shipped = tree.rust().filter(|file| file.is_shipped());
    shipped
        .filter_map(|file| {
            let lines = test_lines(file);
            let what =
                format!("{lines} lines of tests, the limit is {INLINE_TEST_LINES}: put them into a tests.rs");
            (lines > INLINE_TEST_LINES).then(|| Breach::at(file, 1, what))
        })
        .collect()
}

/// Refuses a tree whose shipped files have grown, taken together: every one of them may be within its limit.
pub fn most_files(tree: &Tree) -> Vec<Breach> {
    let mut files: Vec<(usize, &TreeFile)> = tree
        .rust()
        .filter(|file| file.is_shipped())
        .map(|file| (lines_without_tests(file), file))
        .collect();
    files.sort_by_key(|(lines, _)| *lines);
    let of_all = [
        (files.len() / 2, MEDIAN_LINES, "half"),
        (files.len() * 3 / 4, THIRD_QUARTILE_LINES, "three quarters"),
    ];
    of_all
        .into_iter()
        .filter_map(|(rank, limit, part)| {
            let (lines, file) = files.get(rank)?;
            let what = format!("{part} of the shipped files have up to {lines} lines, the limit is {limit}");
            (*lines > limit).then(|| Breach::at(file, 1, what))
        })
        .collect()
}

/// Refuses functions beyond their limit; those inside a file's tests are tables more often than code, and are let be.
fn long_functions(file: &TreeFile) -> Vec<Breach> {
    let code = file.source().shipped();
    source::functions(&code)
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES)
        .map(|function| {
            let what = format!(
                "fn {} has {} lines, the limit is {FUNCTION_LINES}",
                function.name, function.lines
            );
            Breach::at(file, line_of(&code, function.offset), what)
        })
        .collect()
}

/// Refuses long functions everywhere.
pub fn functions(tree: &Tree) -> Vec<Breach> {
    tree.rust().flat_map(long_functions).collect()
}

/// Refuses web handlers that do more than unpack, call and pack.
pub fn handlers(tree: &Tree) -> Vec<Breach> {
    tree.rust().flat_map(long_handlers).collect()
}

fn long_handlers(file: &TreeFile) -> Vec<Breach> {
    let code = file.shipped();
    let found = source::functions(&code);
    code.match_indices(HANDLER_MARK)
        .filter_map(|(mark, _)| found.iter().find(|function| function.offset > mark))
        .filter(|handler| handler.body_lines > HANDLER_BODY_LINES)
        .map(|handler| {
            let what = format!(
                "handler {} has a body of {} lines, the limit is {HANDLER_BODY_LINES}",
                handler.name, handler.body_lines
            );
            Breach::at(file, line_of(&code, handler.offset), what)
        })
        .collect()
}

fn lines_without_tests(file: &TreeFile) -> usize {
    file.text.lines().count().saturating_sub(test_lines(file))
}

fn test_lines(file: &TreeFile) -> usize {
    let source = file.source();
    let tests = source.test_items().into_iter();
    tests.map(|item| source.code[item].lines().count()).sum()
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let long = "//! Long.\n".repeat(FILE_LINES + 1);
    refuses(
        files,
        "cloud/src/sales.rs",
        &long,
        "451 lines without tests, the limit is 450",
    );
    let mut tested = "//! Short.\n#[cfg(test)]\nmod tests {\n".to_owned();
    tested.push_str(&"    fn a() {}\n".repeat(FILE_LINES));
    tested.push('}');
    accepts(files, "cloud/src/sales.rs", &tested);
    accepts(files, "tests/src/sales.rs", &long);
    accepts(files, "cloud/tests/api/sales.rs", &long);
    for path in ["tests/src/sales.rs", "cloud/src/sales/tests.rs"] {
        refuses(
            files,
            path,
            &"//! Long.\n".repeat(TEST_FILE_LINES + 1),
            "601 lines without tests, the limit is 600",
        );
    }
    refuses(
        files,
        "cloud/src/main.rs",
        &"\n".repeat(MAIN_LINES + 1),
        "the limit is 60",
    );
}

#[test]
fn many_tests_inside_a_file_are_found() {
    let tested = |lines: usize| {
        let body = "    fn a() {}\n".repeat(lines);
        format!("//! Sells.\n#[cfg(test)]\nmod tests {{\n{body}}}\n")
    };
    let most = INLINE_TEST_LINES - 3;
    accepts(inline_tests, "cloud/src/sales.rs", &tested(most));
    accepts(inline_tests, "tests/src/sales.rs", &tested(most + 1));
    refuses(
        inline_tests,
        "cloud/src/sales.rs",
        &tested(most + 1),
        "101 lines of tests, the limit is 100",
    );
}

#[test]
fn files_that_grow_together_are_found() {
    let text = |lines: usize| "//! A line.\n".repeat(lines);
    let (short, half, three_quarters) = (text(1), text(MEDIAN_LINES + 1), text(THIRD_QUARTILE_LINES + 1));
    let told = |files: [&str; 4]| -> Vec<String> {
        let paths = ["keys/src/a.rs", "keys/src/b.rs", "keys/src/c.rs", "keys/src/d.rs"];
        let files: Vec<_> = paths.into_iter().zip(files).collect();
        let breaches = most_files(&Tree::of(&files));
        breaches.iter().map(ToString::to_string).collect()
    };
    assert_eq!(told([&short, &short, &short, &half]), [""; 0]);
    assert_eq!(
        told([&short, &short, &half, &half]),
        ["keys/src/c.rs:1: half of the shipped files have up to 131 lines, the limit is 130"]
    );
    assert_eq!(
        told([&short, &short, &short, &three_quarters]),
        ["keys/src/d.rs:1: three quarters of the shipped files have up to 206 lines, the limit is 205"]
    );
}

#[test]
fn a_long_function_is_found() {
    let long = format!(
        "//! Long.\nfn sell() {{\n{}}}\n",
        "    a();\n".repeat(FUNCTION_LINES - 1)
    );
    for path in ["cloud/src/sales.rs", "tests/tests/sales.rs"] {
        refuses(functions, path, &long, "sales.rs:2: fn sell has 61 lines");
    }
    let fits = format!(
        "//! Fits.\nfn sell() {{\n{}}}\n",
        "    a();\n".repeat(FUNCTION_LINES - 2)
    );
    accepts(functions, "cloud/src/sales.rs", &fits);
}

#[test]
fn a_long_handler_is_found_and_other_functions_are_let_be() {
    let body = "    a();\n".repeat(HANDLER_BODY_LINES + 1);
    let handler = format!("#[utoipa::path(get, path = \"/v1\")]\nasync fn list() -> u8 {{\n{body}}}\n");
    refuses(
        handlers,
        "cloud/src/api/events.rs",
        &handler,
        "handler list has a body of 26 lines",
    );
    accepts(
        handlers,
        "cloud/src/api/events.rs",
        &format!("async fn list() -> u8 {{\n{body}}}\n"),
    );
}
