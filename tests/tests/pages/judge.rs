//! axe-core, which says what of a page people with a screen reader or a keyboard alone cannot use; `.ci/setup test` fetches it.

use std::fs;

use anyhow::ensure;
use serde_json::Value;
use usher_tests::judges;

use super::browser::Browser;

/// Where the judge is in the folder of the tests' tools.
const FILE: &str = "axe-core-4.14.1/axe.min.js";
/// WCAG 2.2 in its levels A and AA, and what the judge holds for good practice.
const JUDGING: &str = "const done = arguments[0];
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run({ runOnly }).then((found) => done({
        passed: found.passes.length,
        broken: found.violations.map(({ help, nodes }) => `${help}: ${nodes.map((node) => node.html).join(' ')}`),
    }));";

/// Judges the page that a browser shows.
pub async fn judge(browser: &Browser) -> anyhow::Result<()> {
    let script = fs::read_to_string(judges::find(FILE)?)?;
    browser.run(&script).await?;
    let found: Value = browser.client().execute_async(JUDGING, Vec::new()).await?;
    ensure!(
        found["passed"].as_u64() > Some(10),
        "the judge has looked at nothing: {found}"
    );
    ensure!(
        found["broken"] == Value::Array(Vec::new()),
        "{:#}",
        found["broken"]
    );
    Ok(())
}
