//! A scanner's folder and the program that runs on it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use usher_tests::stage::programs::{Program, Programs};

/// Runs a program to its end.
pub fn finished(command: &mut Command) -> Output {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().unwrap().wait_with_output().unwrap()
}

/// Limits wide enough for a busy machine: what is tested here is not how fast it is.
const PATIENT: [&str; 4] = ["--wait-for-hub", "30", "--answer-within", "10000"];

/// Returns the program, with nothing of this machine's own settings.
pub fn program() -> Command {
    Programs::find().unwrap().command(Program::Scan)
}

/// A scanner's folder.
pub struct Scanner {
    folder: PathBuf,
}

impl Scanner {
    /// Names a folder, whatever is in it.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Returns the program on this folder.
    pub fn command(&self, name: &str) -> Command {
        let mut command = program();
        command.arg(name).arg("--dir").arg(&self.folder);
        command
    }

    /// Runs the program to its end.
    pub fn call(&self, name: &str, arguments: &[&str]) -> Told {
        Told::of(&finished(self.command(name).args(arguments)))
    }

    /// Runs the program to its end, with this typed at its standard input.
    pub fn call_typing(&self, name: &str, arguments: &[&str], typed: &str) -> Told {
        let mut command = self.command(name);
        let piped = command.args(arguments).stdin(Stdio::piped());
        let mut child = piped
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that ends before it reads is judged by what it says.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        Told::of(&child.wait_with_output().unwrap())
    }

    /// Tells whether a file of the folder holds these bytes.
    pub fn keeps(&self, bytes: &[u8]) -> bool {
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(path)
                    .unwrap()
                    .windows(bytes.len())
                    .any(|window| window == bytes)
                {
                    return true;
                }
            }
        }
        false
    }

    /// Replaces what a running scanner noted of its links and its clock.
    pub fn notes(&self, note: &str) {
        const NAME: &str = "last-known.json";
        let below = std::fs::read_dir(&self.folder).unwrap();
        let below = below.map(|entry| entry.unwrap().path().join(NAME));
        let mut paths = std::iter::once(self.folder.join(NAME)).chain(below);
        std::fs::write(paths.find(|path| path.exists()).unwrap(), note).unwrap();
    }

    /// Scans pictures at a gate until they are used up.
    pub fn scan(&self, gate: &str, pictures: &[&str]) -> Told {
        let arguments = ["--gate", gate, "--json", "--image"];
        let mut command = self.command("run");
        Told::of(&finished(command.args(PATIENT).args(arguments).args(pictures)))
    }

    /// Scans pictures at a gate with no time to lose on hubs that are away.
    pub fn scan_cut_off(&self, gate: &str, pictures: &[&str]) -> Told {
        let arguments = ["--gate", gate, "--wait-for-hub", "0", "--json", "--image"];
        let mut command = self.command("run");
        Told::of(&finished(command.args(arguments).args(pictures)))
    }

    /// Starts scanning what a wedge types.
    pub fn attended(&self, gate: &str) -> Attended {
        let mut command = self.command("run");
        let arguments = ["--gate", gate, "--json", "--wedge"];
        Attended::by(command.args(PATIENT).args(arguments))
    }

    /// Starts scanning at a terminal, into which a person or a wedge types.
    pub fn at_terminal(&self, arguments: &[&str]) -> Attended {
        let mut command = self.command("run");
        command.args(PATIENT).args(["--json"]).args(arguments);
        let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap());
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let line: Vec<String> = words.map(quoted).collect();
        // Both of util-linux, which every machine we build on has: the one gives the program a terminal, the other has it
        // end with that, also where hang-ups are ignored.
        let line = format!("exec setpriv --pdeathsig KILL {}", line.join(" "));
        let mut terminal = Command::new("script");
        terminal.env_remove("RUST_LOG").env("SHELL", "/bin/sh");
        Attended::by(terminal.args(["-qfec", &line, "/dev/null"]))
    }
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub complaints: String,
}

impl Told {
    /// Takes it.
    pub fn of(output: &Output) -> Self {
        let told = Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            complaints: String::from_utf8(output.stderr.clone()).unwrap(),
        };
        assert!(!told.complaints.contains("panicked"), "{told:?}");
        told
    }

    /// The JSON objects written.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How the scans came out, those judged alone with a mark.
    #[track_caller]
    pub fn check_outcomes(&self, expected: &[&str]) {
        let lines = self.lines();
        let scans = lines.iter().filter(|line| line["kind"] == "scan");
        let outcomes: Vec<String> = scans.map(outcome).collect();
        assert_eq!(outcomes, expected, "{self:?}");
    }

    /// The program ended so, and said this where complaints go.
    #[track_caller]
    pub fn check_refused(&self, code: i32, says: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.complaints.contains(says), "{self:?}");
        assert_eq!(self.complaints.lines().count(), 1, "{self:?}");
    }

    /// The last line: the totals and how many records no hub has.
    #[track_caller]
    pub fn kept(&self) -> u64 {
        assert_eq!(self.code, Some(0), "{self:?}");
        let end = self.lines().pop().unwrap();
        assert_eq!(end["kind"], "end", "{self:?}");
        end["kept"].as_u64().unwrap()
    }
}

/// Names how a scan came out.
pub fn outcome(line: &Value) -> String {
    let alone = if line["alone"] == true { " alone" } else { "" };
    format!("{}{alone}", line["outcome"].as_str().unwrap())
}

/// A scanner that runs and reads what we type.
pub struct Attended {
    wedge: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
    /// What a terminal has shown besides, as far as it was read.
    shown: String,
    child: Child,
}

impl Attended {
    /// Starts the program with pipes.
    fn by(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        Self {
            wedge: child.stdin.take(),
            lines: BufReader::new(child.stdout.take().unwrap()),
            shown: String::new(),
            child,
        }
    }

    /// Types a code as a USB scanner does.
    pub fn types(&mut self, code: &str) {
        self.presses(&format!("{code}\r\n"));
    }

    /// Types nothing but this.
    pub fn presses(&mut self, keys: &str) {
        let wedge = self.wedge.as_mut().unwrap();
        wedge.write_all(keys.as_bytes()).unwrap();
        wedge.flush().unwrap();
    }

    /// Waits for the next line.
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the scanner has ended: {:?}", self.child.wait());
        serde_json::from_str(&line).unwrap()
    }

    /// Waits for the next result at a terminal, which shows also what is typed and what staff are told.
    pub fn next_scan(&mut self) -> Value {
        self.next_of("scan")
    }

    /// Waits for the next notice at a terminal that has these words.
    pub fn is_told(&mut self, words: &str) {
        loop {
            let line = self.next_of("notice");
            if line["text"].as_str().unwrap().contains(words) {
                return;
            }
        }
    }

    /// Tells whether a terminal has shown these words, typed or told.
    pub fn has_shown(&self, words: &str) -> bool {
        self.shown.contains(words)
    }

    fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            assert!(!line.is_empty(), "the scanner has ended: {:?}", self.child.wait());
            self.shown.push_str(&line);
            let object: Option<Value> = serde_json::from_str(line.trim()).ok();
            if let Some(object) = object
                && object["kind"] == kind
            {
                return object;
            }
        }
    }

    /// Types a code and waits for what comes of it.
    pub fn scans(&mut self, code: &str) -> String {
        self.types(code);
        outcome(&self.next())
    }

    /// Unplugs the wedge.
    pub fn unplug(&mut self) {
        self.wedge = None;
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = finished(Command::new("kill").args(["-s", name, &id]));
        assert!(sent.status.success());
    }

    /// Waits for the end; returns the exit code.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
