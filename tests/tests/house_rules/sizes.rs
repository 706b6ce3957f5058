//! How long files and functions may grow before they must be split. Tests inside a file do not count; whether a
//! split makes sense is the reader's to judge.

use crate::source::{self, line_of};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// Lines of a file without its tests. Most are 60 to 250; at 400 ask, here stop: one file is one idea.
const FILE_LINES: usize = 600;
/// Lines of a `main.rs`: it reads arguments, calls the library and turns the result into an exit code.
const MAIN_LINES: usize = 60;
/// Lines of a function from `fn` to its closing brace. Most are up to 30; a screen holds 70.
const FUNCTION_LINES: usize = 70;
/// Lines between the braces of a web handler: it unpacks, calls the domain and packs.
const HANDLER_BODY_LINES: usize = 25;
/// What stands before every web handler.
const HANDLER_MARK: &str = "#[utoipa::path";

/// Refuses files beyond their limit.
pub fn files(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter(|file| !file.path.ends_with("/tests.rs"))
        .filter_map(|file| {
            let limit = if file.path.ends_with("src/main.rs") {
                MAIN_LINES
            } else {
                FILE_LINES
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
    let source = file.source();
    let tests: usize = source
        .test_items()
        .into_iter()
        .map(|item| source.code[item].lines().count())
        .sum();
    file.text.lines().count().saturating_sub(tests)
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let long = "//! Long.\n".repeat(FILE_LINES + 1);
    refuses(
        files,
        "cloud/src/sales.rs",
        &long,
        "601 lines without tests, the limit is 600",
    );
    let mut tested = "//! Short.\n#[cfg(test)]\nmod tests {\n".to_owned();
    tested.push_str(&"    fn a() {}\n".repeat(FILE_LINES));
    tested.push('}');
    accepts(files, "cloud/src/sales.rs", &tested);
    refuses(
        files,
        "cloud/src/main.rs",
        &"\n".repeat(MAIN_LINES + 1),
        "the limit is 60",
    );
}

#[test]
fn a_long_function_is_found() {
    let long = format!(
        "//! Long.\nfn sell() {{\n{}}}\n",
        "    a();\n".repeat(FUNCTION_LINES - 1)
    );
    refuses(
        functions,
        "cloud/src/sales.rs",
        &long,
        "sales.rs:2: fn sell has 71 lines",
    );
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
