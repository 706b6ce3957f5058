//! What people install: packages of the built programs, with pages, completions and services, and files for containers and Kubernetes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail, ensure};
use usher_tests::judges;

/// The programs, and one command of each that has a page of its own.
const PROGRAMS: [(&str, &str); 4] = [
    ("usher-cloud", "serve"),
    ("usher-gate-agent", "enroll"),
    ("usher-scan", "run"),
    ("usher-keys", "new-root"),
];
/// The programs that are services, and what they keep.
const SERVICES: [(&str, &str); 2] = [("usher-cloud", "usher-cloud"), ("usher-gate-agent", "usher-hub")];
/// How much of the machine a service may reach, by systemd's reckoning of 0 to 100.
const EXPOSURE: &str = "--threshold=25";

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns where cargo puts programs: two folders up from this test's.
fn built() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent);
    Ok(folder.context("a test lies two folders deep")?.to_owned())
}

/// Runs a command that must be there and succeed.
fn run(command: &mut Command) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{name} cannot be started: run .ci/setup test"))?;
    if !output.status.success() {
        let (out, error) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        bail!("{name} ended with {}:\n{out}{error}", output.status);
    }
    Ok(output)
}

/// Packs the programs as `make dist` does, but for the time that good compression takes, and returns the folder.
fn packed(folder: &Path) -> anyhow::Result<PathBuf> {
    let (manuals, packages) = (folder.join("manuals"), folder.join("packages"));
    run(Command::new(built()?.join("examples/manuals")).arg(&manuals))?;
    run(Command::new(project().join("deploy/package"))
        .arg(built()?)
        .arg(&manuals)
        .arg(&packages)
        .env("DPKG_DEB_COMPRESSOR_TYPE", "gzip")
        .env("DPKG_DEB_COMPRESSOR_LEVEL", "1")
        .env("GZIP", "-1"))?;
    Ok(packages)
}

/// Returns the one file in a folder whose name begins and ends like that.
fn find(folder: &Path, begin: &str, end: &str) -> anyhow::Result<PathBuf> {
    let names = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    let mut found = names.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(begin) && name.ends_with(end)
    });
    let one = found.next().with_context(|| format!("no {begin}…{end}"))?;
    ensure!(found.next().is_none(), "several {begin}…{end}");
    Ok(one)
}

/// Runs a program out of an unpacked tree, and looks for its page and that of one of its commands.
fn check_program(usr: &Path, name: &str, command: &str) -> anyhow::Result<()> {
    let said = run(Command::new(usr.join("bin").join(name)).arg("--version"))?;
    let said = String::from_utf8(said.stdout)?;
    ensure!(said.starts_with(&format!("{name} ")), "{said}");
    for page in [format!("{name}.1.gz"), format!("{name}-{command}.1.gz")] {
        let page = usr.join("share/man/man1").join(page);
        let text = run(Command::new("gzip").arg("-dc").arg(&page))?.stdout;
        let text = String::from_utf8(text)?;
        ensure!(
            text.contains(".TH") && text.contains("SYNOPSIS"),
            "{}",
            page.display()
        );
    }
    let completion = usr.join("share/bash-completion/completions").join(name);
    run(Command::new("bash").arg("-n").arg(&completion))?;
    Ok(())
}

/// Checks the unit of a service, in a tree that has nothing else, and how little of the machine it reaches.
fn check_service(root: &Path, name: &str, keeps: &str) -> anyhow::Result<()> {
    let unit = format!("{name}.service");
    let path = root.join("lib/systemd/system").join(&unit);
    run(Command::new("systemd-analyze")
        .arg("security")
        .arg("--offline=true")
        .arg("--no-pager")
        .arg(EXPOSURE)
        .arg(&path))?;
    let text = fs::read_to_string(&path)?;
    ensure!(text.contains(&format!("StateDirectory={keeps}\n")), "{text}");
    // Verifying wants the program where the unit says it is.
    let here = root.join("usr/bin").join(name);
    let text = text.replace(&format!("/usr/bin/{name}"), &here.display().to_string());
    let copy = root.join(&unit);
    fs::write(&copy, text.replace("man:", "https://usher.invalid/"))?;
    let said = run(Command::new("systemd-analyze").arg("verify").arg(&copy))?;
    let said = String::from_utf8(said.stderr)?;
    let of_ours: Vec<&str> = said.lines().filter(|line| line.contains(&unit)).collect();
    ensure!(of_ours.is_empty(), "{of_ours:?}");
    for kind in ["sysusers", "tmpfiles"] {
        let file = root.join(format!("usr/lib/{kind}.d/{name}.conf"));
        ensure!(fs::read_to_string(&file)?.contains(keeps), "{}", file.display());
    }
    Ok(())
}

#[test]
fn packages_hold_programs_pages_completions_and_services() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let packages = packed(folder.path())?;
    run(Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(&packages))?;
    for (name, command) in PROGRAMS {
        let package = find(&packages, &format!("{name}_"), ".deb")?;
        let root = folder.path().join(name);
        run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&root))?;
        check_program(&root.join("usr"), name, command)?;
        let depends = run(Command::new("dpkg-deb").arg("-f").arg(&package).arg("Depends"))?;
        let depends = String::from_utf8(depends.stdout)?;
        ensure!(depends.contains("libc6 (>= 2."), "{depends}");
        let settings = root.join("etc/usher").join(format!("{name}.toml"));
        let service = SERVICES.iter().find(|(service, _)| *service == name);
        ensure!(settings.exists() == service.is_some(), "{}", settings.display());
        if let Some((_, keeps)) = service {
            check_service(&root, name, keeps)?;
        }
    }
    let tarball = find(&packages, "usher-", "-linux.tar.gz")?;
    let root = folder.path().join("tarball");
    fs::create_dir(&root)?;
    run(Command::new("tar")
        .arg("-xzf")
        .arg(&tarball)
        .arg("--strip-components=1")
        .arg("-C")
        .arg(&root))?;
    for (name, command) in PROGRAMS {
        check_program(&root, name, command)?;
    }
    Ok(())
}

#[test]
fn whoever_packs_what_was_not_built_is_told_what_is_missing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(project().join("deploy/package"))
        .args([folder.path(), folder.path(), &folder.path().join("out")])
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(
        !output.status.success() && said.contains("build the programs first"),
        "{said}"
    );
    Ok(())
}

#[test]
fn manifests_and_the_container_file_are_what_their_readers_expect() -> anyhow::Result<()> {
    let deploy = project().join("deploy");
    run(Command::new(judges::find("bin/kubernetes-validate")?)
        .arg("--strict")
        .arg(deploy.join("kubernetes/usher-cloud.yml")))?;
    run(Command::new(judges::find("bin/hadolint")?).arg(deploy.join("container/Containerfile")))?;
    // Both name the settings of usher-cloud, which refuses those that it does not know.
    for file in ["kubernetes/usher-cloud.yml", "container/compose.yml"] {
        check_settings(&fs::read_to_string(deploy.join(file))?).with_context(|| file.to_owned())?;
    }
    Ok(())
}

/// Starts `usher-cloud migrate` with the settings that a file gives in the environment, but for those that a test cannot have.
fn check_settings(manifest: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("empty.toml");
    fs::write(&settings, "")?;
    let mut command = Command::new(built()?.join("usher-cloud"));
    command.arg("migrate").arg("--config").arg(&settings);
    let mut named = 0;
    for line in manifest.lines() {
        let Some((name, value)) = line.trim().split_once(": ") else {
            continue;
        };
        if !name.starts_with("USHER_CLOUD__")
            || value.contains("${POSTGRES")
            || value.contains("${USHER_MASTER")
        {
            continue;
        }
        let value = value
            .trim_matches('\'')
            .replace("${USHER_HOST}", "tickets.example");
        let value = match value.split_once("${USHER_HOST:?") {
            Some((before, _)) => format!("{before}tickets.example"),
            None => value,
        };
        command.env(name, value);
        named += 1;
    }
    ensure!(named >= 5, "{named} settings");
    run(command.env("USHER_CLOUD__DATA_DIR", folder.path().join("data")))?;
    Ok(())
}
