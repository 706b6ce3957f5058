//! Writes the manual pages of the four programs, and what lets shells complete their command lines, from the command lines themselves:
//! `cargo run -p usher-tests --example manuals -- FOLDER`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Command, CommandFactory};
use clap_complete::Shell;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        bail!("say one folder to write to");
    };
    let folder = PathBuf::from(folder);
    for program in programs() {
        write_manual(&program, &folder.join("man"))?;
        let name = program.get_name().to_owned();
        // Shells find a completion by its file's name.
        for (shell, file) in [
            (Shell::Bash, format!("bash/{name}")),
            (Shell::Zsh, format!("zsh/_{name}")),
            (Shell::Fish, format!("fish/{name}.fish")),
        ] {
            write_completions(shell, program.clone(), &folder.join(file))?;
        }
    }
    Ok(())
}

fn programs() -> [Command; 4] {
    [
        usher_cloud::cli::Cli::command(),
        usher_gate_agent::cli::Cli::command(),
        usher_scan::cli::Cli::command(),
        usher_keys_cli::commands::Arguments::command(),
    ]
}

/// Writes a page of the program and one of each of its commands.
fn write_manual(program: &Command, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    clap_mangen::generate_to(program.clone(), folder)
        .with_context(|| format!("cannot write pages to {}", folder.display()))?;
    Ok(())
}

fn write_completions(shell: Shell, mut program: Command, path: &Path) -> anyhow::Result<()> {
    let name = program.get_name().to_owned();
    let mut completions = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut completions);
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(path, completions).with_context(|| format!("cannot write {}", path.display()))
}
