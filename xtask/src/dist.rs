//! `cargo xtask dist`: the archive of a release: a static command, completions, manual pages, licences and checksums.

use crate::shell::{Failure, cargo, metadata, output, root, run as run_command, say, skip};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-musl";

/// The scripts for shells, by the names that package managers give them.
const COMPLETIONS: &[(&str, &str)] =
    &[("bash", "tarspay.bash"), ("zsh", "_tarspay"), ("fish", "tarspay.fish"), ("powershell", "tarspay.ps1")];

/// The checks of `cargo xtask ci`, where what they need is installed.
pub(crate) fn check() -> Result<(), Failure> {
    match missing() {
        Some(what) => skip("the archive of a release", what),
        None => run()?,
    }
    Ok(())
}

/// Builds the archive, and runs its command in an empty root.
pub(crate) fn run() -> Result<(), Failure> {
    if let Some(what) = missing() {
        return Err(Failure::new(what));
    }
    let metadata = metadata(&root())?;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "tarspay-cli");
    let version = package.ok_or_else(|| Failure::new("no package tarspay-cli"))?.version.to_string();
    let target = metadata.target_directory.as_std_path();
    let command = build(target)?;
    let (dist, name) = (target.join("dist"), format!("tarspay-{version}-{TARGET}"));
    if dist.exists() {
        fs::remove_dir_all(&dist).map_err(|error| Failure::to("remove the last archive", error))?;
    }
    fill(&dist.join(&name), &command)?;
    let archive = pack(&dist, &name)?;
    let mut sums = Command::new("sha256sum");
    sums.current_dir(&dist).arg(&archive);
    let sums = output(sums)?;
    crate::shell::write(&dist.join("SHA256SUMS"), &sums)?;
    try_out(&dist, &archive, &name)?;
    say(&format!("dist: {}\n{}", dist.join(&archive).display(), sums.trim_end()));
    Ok(())
}

/// What is not installed here, and how it is.
fn missing() -> Option<&'static str> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Some("it is built on x86-64 Linux alone");
    }
    let mut folder = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    folder.args(["--print", "target-libdir", "--target", TARGET]);
    if !output(folder).is_ok_and(|folder| Path::new(folder.trim()).exists()) {
        return Some("the target is not installed: rustup target add x86_64-unknown-linux-musl");
    }
    // SQLite and ring are C.
    let works =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success());
    (!works("musl-gcc")).then_some("musl-gcc is not installed: apt-get install musl-tools")
}

/// The command, without the paths of this machine in it.
fn build(target: &Path) -> Result<PathBuf, Failure> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap_or_default();
    let (home, root) = (home.display(), root());
    let flags = format!(
        "-Cstrip=symbols --remap-path-prefix={home}=/cargo --remap-path-prefix={}=/tarspay",
        root.display()
    );
    let mut build = cargo(&root, &["build", "--quiet", "--locked", "--release", "--package", "tarspay-cli"]);
    build.args(["--target", TARGET]).env("RUSTFLAGS", flags);
    build.env("CC_x86_64_unknown_linux_musl", "musl-gcc");
    build.env("CFLAGS_x86_64_unknown_linux_musl", format!("-ffile-prefix-map={home}=/cargo"));
    run_command(build)?;
    Ok(target.join(TARGET).join("release/tarspay"))
}

/// Everything that the archive holds.
fn fill(folder: &Path, command: &Path) -> Result<(), Failure> {
    let cannot = |error| Failure::to(&format!("fill {}", folder.display()), error);
    let (completions, manual) = (folder.join("completions"), folder.join("man"));
    fs::create_dir_all(&completions).and_then(|()| fs::create_dir_all(&manual)).map_err(cannot)?;
    fs::copy(command, folder.join("tarspay")).map_err(cannot)?;
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(root().join(file), folder.join(file)).map_err(cannot)?;
    }
    fs::copy(root().join("crates/tarspay-cli/README.md"), folder.join("README.md")).map_err(cannot)?;
    for (shell, file) in COMPLETIONS {
        let mut script = Command::new(command);
        script.args(["completions", shell]);
        crate::shell::write(&completions.join(file), &output(script)?)?;
    }
    clap_mangen::generate_to(tarspay_cli::command().disable_help_subcommand(true), &manual).map_err(cannot)
}

/// Packs a folder: the same bytes for the same files, whenever and by whomever they were made.
fn pack(dist: &Path, name: &str) -> Result<String, Failure> {
    let archive = format!("{name}.tar.gz");
    let mut tar = Command::new("tar");
    tar.current_dir(dist).args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.args(["--mode=u+rwX,go+rX,go-w", "--format=ustar", "--use-compress-program=gzip -9n", "-cf"]);
    run_command({
        tar.args([&archive, name]);
        tar
    })?;
    Ok(archive)
}

/// Runs the command of the archive where there is nothing else: no library, no file.
fn try_out(dist: &Path, archive: &str, name: &str) -> Result<(), Failure> {
    let empty = tempfile::tempdir().map_err(|error| Failure::to("make an empty root", error))?;
    let mut unpack = Command::new("tar");
    unpack.arg("-xzf").arg(dist.join(archive)).arg("--strip-components=1").arg("-C").arg(empty.path());
    unpack.arg(format!("{name}/tarspay"));
    run_command(unpack)?;
    let root = empty.path().display().to_string();
    let ways: [(&str, &[&str], &str); 3] = [
        ("unshare", &["--user", "--map-root-user"], "--root"),
        ("chroot", &[], ""),
        ("bwrap", &[], "--bind"),
    ];
    for (program, flags, option) in ways {
        let enter = |root: &str, words: &[&str]| {
            let mut command = Command::new(program);
            command.args(flags).args(Some(option).filter(|option| !option.is_empty())).arg(root);
            if program == "bwrap" {
                command.arg("/");
            }
            command.args(words);
            command
        };
        // Whether this may be done at all.
        if output(enter("/", &["/bin/true"])).is_ok() {
            return run_command(enter(&root, &["/tarspay", "demo"]));
        }
    }
    skip("the command in an empty root", "neither unshare, chroot nor bwrap may be used here");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::pack;
    use crate::shell::write;
    use std::fs;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_same_files_give_the_same_archive() {
        let packed = |files: [&str; 3]| {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                write(&folder.path().join("tarspay-0").join(file), file).unwrap();
            }
            let first = folder.path().join("tarspay-0/a");
            let old = fs::File::options().write(true).open(&first).unwrap();
            let seconds = 60 * files[0].len() as u64;
            old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(seconds)).unwrap();
            let archive = pack(folder.path(), "tarspay-0").unwrap();
            fs::read(folder.path().join(archive)).unwrap()
        };
        let archive = packed(["a", "b/c", "z"]);
        assert!(archive.len() > 100);
        assert_eq!(packed(["b/c", "z", "a"]), archive);
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        clap_mangen::generate_to(tarspay_cli::command().disable_help_subcommand(true), folder.path())
            .unwrap();
        for page in ["tarspay.1", "tarspay-demo.1", "tarspay-explain-request.1"] {
            let page = fs::read_to_string(folder.path().join(page)).unwrap();
            assert!(page.contains(".TH") && page.contains("Examples:"), "{page}");
        }
        assert!(!folder.path().join("tarspay-help.1").exists());
    }
}
