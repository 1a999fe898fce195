//! A PostgreSQL of the test's own: in a temporary folder, on a Unix socket there, not as root.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::{env, fs, io};

pub(crate) struct Postgres {
    programs: PathBuf,
    /// The user and group to run as, if the test runs as root, which PostgreSQL refuses.
    user: Option<(u32, u32)>,
    folder: tempfile::TempDir,
}

/// A temporary folder, in memory where there is one, since no test is about the speed of a disk.
pub(crate) fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Postgres {
    /// On a Unix socket. `None` if it is not installed; says so.
    pub(crate) fn start() -> Option<Self> {
        Self::start_in(in_memory(), "fsync = off")
    }

    /// In this folder, with these lines in its `postgresql.conf`.
    pub(crate) fn start_in(folder: tempfile::TempDir, settings: &str) -> Option<Self> {
        let server = Self::prepare(folder)?;
        server.configure(&format!("listen_addresses = ''\n{settings}"));
        server.launch().unwrap();
        Some(server)
    }

    /// On a port of this machine, with TLS by this certificate and key.
    pub(crate) fn start_with_tls(certificate: &str, key: &str) -> Option<(Self, u16)> {
        let server = Self::prepare(in_memory())?;
        for (name, text) in [("cert.pem", certificate), ("key.pem", key)] {
            let file = server.folder().join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = server.user {
                std::os::unix::fs::chown(&file, Some(user), Some(group)).unwrap();
            }
        }
        // Free a moment ago; another program hardly takes it in between.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = server.folder().display();
        server.configure(&format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nfsync = off\n\
             ssl = on\nssl_cert_file = '{folder}/cert.pem'\nssl_key_file = '{folder}/key.pem'"
        ));
        server.launch().unwrap();
        Some((server, port))
    }

    fn prepare(folder: tempfile::TempDir) -> Option<Self> {
        let Some(programs) = programs() else {
            static SAID: Once = Once::new();
            // Past the harness, which shows nothing that a passing test prints.
            let said =
                b"skipped: the inbox in PostgreSQL: not installed (Debian: apt-get install postgresql)\n";
            SAID.call_once(|| io::Write::write_all(&mut io::stderr(), said).unwrap());
            return None;
        };
        let user = (id(&["-u"]) == 0).then(|| (id(&["-u", "nobody"]), id(&["-g", "nobody"])));
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let postgres = Self { programs, user, folder };
        let words = ["--auth=trust", "--username=shop", "--encoding=UTF8", "--locale=C", "--no-sync"];
        postgres.run("initdb", &words).unwrap();
        Some(postgres)
    }

    fn configure(&self, settings: &str) {
        let file = self.folder().join("data/postgresql.conf");
        let defaults = fs::read_to_string(&file).unwrap();
        let socket = format!("unix_socket_directories = '{}'", self.folder().display());
        fs::write(&file, format!("{defaults}\n{socket}\n{settings}\n")).unwrap();
    }

    /// The folder of the socket.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The keywords by which drivers find one of its schemas.
    pub(crate) fn address(&self, schema: &str) -> String {
        let folder = self.folder().display();
        format!("host={folder} user=shop dbname=postgres options='-c search_path={schema}'")
    }

    /// Starts the server in its folder, and waits until it is ready.
    pub(crate) fn launch(&self) -> Result<(), String> {
        self.run("pg_ctl", &["start", "--wait", "--log", self.folder().join("log").to_str().unwrap()])
    }

    fn run(&self, program: &str, flags: &[&str]) -> Result<(), String> {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder()).args(flags).env("PGDATA", self.folder().join("data"));
        // The server must not hold a pipe of the test.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        let status = command.status().unwrap();
        let log = || fs::read_to_string(self.folder().join("log")).unwrap_or_default();
        if status.success() { Ok(()) } else { Err(format!("{program} ended with {status}\n{}", log())) }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = self.run("pg_ctl", &["stop", "--wait", "--mode", "fast"]);
        assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
    }
}

/// The folder with `initdb` and `pg_ctl`: one of `PATH`, or where Debian puts those of a version.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> =
        env::split_paths(&path).chain(versions.map(|it| it.path().join("bin"))).collect();
    folders.retain(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists());
    folders.pop()
}

/// What `id` says, a number.
fn id(words: &[impl AsRef<OsStr>]) -> u32 {
    let output = Command::new("id").args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
