//! Runs the second reader (`tests/second_reader/usher.py`) once on all inputs; its answers come back in their order.

use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use usher_keys::codec;
use usher_protocol::trust::Trust;
use usher_tests::hostile::scene::{NOW, roots};

use super::inputs::{Input, Inputs, SALT};

/// Has it read the inputs.
pub fn read(trust: &Trust, inputs: &Inputs) -> anyhow::Result<Vec<Value>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("inputs.jsonl");
    fs::write(&file, lines(trust, inputs)?)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("second_reader/usher.py");
    // Without -B it would leave compiled files in the source tree.
    let ran = Command::new("python3").arg("-B").args([&script, &file]).output();
    let output = match ran {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("the second reader is written in Python: install python3, or run .ci/setup test")
        }
        ran => ran.context("starting python3")?,
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the second reader failed: {complaint}");
    let answers = String::from_utf8(output.stdout)?;
    let answers = answers.lines().map(serde_json::from_str);
    answers.collect::<Result<_, _>>().context("reading its answers")
}

fn lines(trust: &Trust, inputs: &Inputs) -> anyhow::Result<String> {
    let pinned = roots();
    let mut lines = String::new();
    let scene = json!({
        "bundle": HEXLOWER.encode(&codec::encode(trust.signed())),
        "roots": { "threshold": pinned.threshold, "keys": pinned.keys },
        "now": NOW.0,
    });
    writeln!(lines, "{scene}")?;
    for input in &inputs.0 {
        let asked = match input {
            Input::Text(text) => json!({ "text": HEXLOWER.encode(text) }),
            Input::Foreign(text) => json!({
                "foreign": HEXLOWER.encode(text),
                "salt": HEXLOWER.encode(&SALT),
            }),
            Input::Record { bytes, origin, tail } => json!({
                "record": HEXLOWER.encode(bytes),
                "log": [HEXLOWER.encode(&tail.hash), origin, tail.seq.next()],
            }),
        };
        writeln!(lines, "{asked}")?;
    }
    Ok(lines)
}
