//! A registry on loopback, in memory, to which the real cargo publishes and from which it builds.
//!
//! It speaks what cargo's reference asks of a registry with a sparse index ("Registry Index" and "Registry Web API"): the
//! index, the upload, the download. As crates.io, it takes a version once, and no crate before those it needs.

use crate::shell::Failure;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How cargo knows it, in manifests and in its configuration.
pub(super) const NAME: &str = "rehearsal";

/// The limit of crates.io for an archive.
const LARGEST_UPLOAD: usize = 10 * 1024 * 1024;

/// A registry that ends with this value.
pub(super) struct LocalRegistry {
    address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LocalRegistry {
    /// An empty one.
    pub(super) fn start() -> Result<Self, Failure> {
        let failed = |error| Failure::to("start a registry on loopback", error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shelf = Arc::new(Mutex::new(Shelf { address, left: usize::MAX, versions: BTreeMap::new() }));
        let router = Router::new()
            .route("/index/config.json", get(configuration))
            .route("/index/{*path}", get(index))
            .route("/download/{name}/{version}", get(download))
            .route("/api/v1/crates/new", put(upload))
            .layer(DefaultBodyLimit::max(LARGEST_UPLOAD))
            .with_state(Arc::clone(&shelf));
        let (end, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            // Dropped with this value, the sender ends the wait as a message would.
            let serving = axum::serve(listener, router).with_graceful_shutdown(async { drop(ended.await) });
            // Clients see what goes wrong, in the response they do not get.
            let _ = runtime.block_on(async { serving.await });
        });
        Ok(Self { address, shelf, end: Some(end), thread: Some(thread) })
    }

    /// Lines of cargo's configuration that make it known as [`NAME`].
    pub(super) fn configuration(&self) -> String {
        let index = format!("sparse+http://{}/index/", self.address);
        format!("[registries.{NAME}]\nindex = {index:?}\ntoken = \"of no value\"\n")
    }

    /// Takes only so many uploads more.
    pub(super) fn stop_after(&self, uploads: usize) {
        locked(&self.shelf).left = uploads;
    }

    /// Takes uploads again.
    pub(super) fn go_on(&self) {
        self.stop_after(usize::MAX);
    }

    /// What it has, as `name version`, in the order of names.
    pub(super) fn holds(&self) -> Vec<String> {
        locked(&self.shelf).versions.keys().map(|(name, version)| format!("{name} {version}")).collect()
    }
}

impl Drop for LocalRegistry {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It does not panic, and if it did there is nothing left to end.
            let _ = thread.join();
        }
    }
}

struct Shelf {
    address: SocketAddr,
    /// How many uploads it still takes.
    left: usize,
    versions: BTreeMap<(String, String), Version>,
}

struct Version {
    /// Its line of the index.
    line: Value,
    archive: Bytes,
}

type Shared = State<Arc<Mutex<Shelf>>>;

fn locked(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn configuration(State(shelf): Shared) -> String {
    let address = locked(&shelf).address;
    let download = format!("http://{address}/download/{{crate}}/{{version}}");
    json!({ "dl": download, "api": format!("http://{address}") }).to_string()
}

/// The versions of one crate, a line each. Cargo asks by a path whose last part is the name: `ta/rs/tarspay`.
async fn index(State(shelf): Shared, Path(path): Path<String>) -> Result<String, StatusCode> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let shelf = locked(&shelf);
    let versions = shelf.versions.iter().filter(|((of, _), _)| of == name);
    let lines: Vec<String> = versions.map(|(_, version)| version.line.to_string()).collect();
    if lines.is_empty() { Err(StatusCode::NOT_FOUND) } else { Ok(lines.join("\n")) }
}

async fn download(State(shelf): Shared, Path(of): Path<(String, String)>) -> Result<Bytes, StatusCode> {
    locked(&shelf).versions.get(&of).map(|version| version.archive.clone()).ok_or(StatusCode::NOT_FOUND)
}

async fn upload(State(shelf): Shared, body: Bytes) -> (StatusCode, String) {
    match locked(&shelf).take(&body) {
        Ok(()) => (StatusCode::OK, json!({ "warnings": {} }).to_string()),
        Err(detail) => (StatusCode::FORBIDDEN, json!({ "errors": [{ "detail": detail }] }).to_string()),
    }
}

/// What cargo says of a crate when it publishes it, as far as the index repeats it.
#[derive(Deserialize)]
struct Published {
    name: String,
    vers: String,
    deps: Vec<Needed>,
    features: Value,
    links: Option<String>,
    rust_version: Option<String>,
}

#[derive(Deserialize)]
struct Needed {
    name: String,
    version_req: String,
    features: Vec<String>,
    optional: bool,
    default_features: bool,
    target: Option<String>,
    kind: String,
    /// None: this registry.
    registry: Option<String>,
    /// The name that the crate gives it, if another.
    explicit_name_in_toml: Option<String>,
}

impl Shelf {
    /// Takes an upload, or says why not.
    fn take(&mut self, body: &Bytes) -> Result<(), String> {
        let (description, rest) = piece(body).ok_or("the upload ends before its description does")?;
        let (archive, _) = piece(rest).ok_or("the upload ends before its archive does")?;
        let published: Published = serde_json::from_slice(description)
            .map_err(|error| format!("the description of the upload cannot be read: {error}"))?;
        let Published { name, vers, .. } = &published;
        let key = (name.clone(), vers.clone());
        if self.versions.contains_key(&key) {
            return Err(format!("{name} {vers} is there already"));
        }
        if self.left == 0 {
            return Err("the registry takes no more".to_owned());
        }
        let ours = published.deps.iter().filter(|needed| needed.registry.is_none());
        if let Some(missing) = ours.map(|needed| &needed.name).find(|needed| !self.has(needed)) {
            return Err(format!("{name} needs {missing}, which is not there"));
        }
        let line = published.line(&hex::encode(Sha256::digest(archive)));
        self.versions.insert(key, Version { line, archive: body.slice_ref(archive) });
        self.left -= 1;
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.versions.keys().any(|(of, _)| of == name)
    }
}

impl Published {
    fn line(&self, checksum: &str) -> Value {
        json!({
            "name": self.name,
            "vers": self.vers,
            "deps": self.deps.iter().map(Needed::entry).collect::<Vec<_>>(),
            "cksum": checksum,
            "features": {},
            // Here `dep:` and `?` may stand, which needs the second form of a line.
            "features2": self.features,
            "v": 2,
            "yanked": false,
            "links": self.links,
            "rust_version": self.rust_version,
        })
    }
}

impl Needed {
    fn entry(&self) -> Value {
        json!({
            "name": self.explicit_name_in_toml.as_ref().unwrap_or(&self.name),
            "package": self.explicit_name_in_toml.as_ref().map(|_| &self.name),
            "req": self.version_req,
            "features": self.features,
            "optional": self.optional,
            "default_features": self.default_features,
            "target": self.target,
            "kind": self.kind,
            "registry": self.registry,
        })
    }
}

/// A part of an upload, its length in front in four bytes, and what comes behind it.
fn piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length).try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{LocalRegistry, NAME, Shelf};
    use crate::shell::{cargo, output};
    use axum::body::Bytes;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    fn upload(description: &serde_json::Value) -> Bytes {
        let (description, archive) = (description.to_string(), b"archive");
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        [&length(description.as_bytes())[..], description.as_bytes(), &length(archive), archive]
            .concat()
            .into()
    }

    fn description(name: &str, needs: &[(&str, Option<&str>)]) -> serde_json::Value {
        let needs = needs.iter().map(|(name, registry)| {
            json!({
                "name": name, "version_req": "^1", "features": [], "optional": false, "default_features": true,
                "target": null, "kind": "normal", "registry": registry,
            })
        });
        json!({ "name": name, "vers": "1.0.0", "deps": needs.collect::<Vec<_>>(), "features": {} })
    }

    fn shelf() -> Shelf {
        Shelf { address: ([127, 0, 0, 1], 1).into(), left: usize::MAX, versions: BTreeMap::new() }
    }

    #[test]
    fn a_crate_is_taken_once_and_after_those_it_needs() {
        let mut shelf = shelf();
        let elsewhere = ("serde", Some("https://example.com/index"));
        let needy = upload(&description("b", &[("a", None), elsewhere]));
        assert_eq!(shelf.take(&needy).unwrap_err(), "b needs a, which is not there");
        shelf.take(&upload(&description("a", &[elsewhere]))).unwrap();
        shelf.take(&needy).unwrap();
        assert_eq!(shelf.take(&needy).unwrap_err(), "b 1.0.0 is there already");
        shelf.left = 0;
        assert_eq!(shelf.take(&upload(&description("c", &[]))).unwrap_err(), "the registry takes no more");
    }

    #[test]
    fn an_upload_that_is_cut_short_is_refused() {
        let whole = upload(&description("a", &[]));
        for length in 0..whole.len() {
            shelf().take(&whole.slice(..length)).unwrap_err();
        }
        shelf().take(&whole).unwrap();
    }

    #[test]
    fn cargo_publishes_to_it_and_builds_from_it() {
        let registry = LocalRegistry::start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let crates = [
            ("rehearsed-leaf", "", "pub fn seven() -> u8 { 7 }\n"),
            (
                "rehearsed-facade",
                "leaf = { package = \"rehearsed-leaf\", version = \"0.1\", registry = \"rehearsal\" }\n",
                "pub use leaf::seven;\n",
            ),
        ];
        fs::create_dir(folder.path().join(".cargo")).unwrap();
        fs::write(folder.path().join(".cargo/config.toml"), registry.configuration()).unwrap();
        // A home of its own: what cargo keeps of a registry is of no use when that has ended.
        let at_home = |crate_folder: &Path, words: &[&str]| {
            let mut command = cargo(crate_folder, words);
            command.env("CARGO_HOME", folder.path().join("home"));
            command.env("CARGO_TARGET_DIR", folder.path().join("target"));
            command
        };
        let write = |name: &str, needs: &str, file: &str, code: &str| {
            let home = folder.path().join(name);
            fs::create_dir_all(home.join("src")).unwrap();
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\ndescription = \"-\"\nlicense = \"MIT\"\n\n\
                 [workspace]\n\n[dependencies]\n{needs}"
            );
            fs::write(home.join("Cargo.toml"), manifest).unwrap();
            fs::write(home.join("src").join(file), code).unwrap();
            home
        };
        for (name, needs, code) in crates {
            let home = write(name, needs, "lib.rs", code);
            output(at_home(&home, &["publish", "--quiet", "--no-verify", "--registry", NAME])).unwrap();
        }
        assert_eq!(registry.holds(), ["rehearsed-facade 0.1.0", "rehearsed-leaf 0.1.0"]);

        let needs = "rehearsed-facade = { version = \"0.1\", registry = \"rehearsal\" }\n";
        let code = "fn main() { println!(\"{}\", rehearsed_facade::seven()) }\n";
        let user = write("user", needs, "main.rs", code);
        assert_eq!(output(at_home(&user, &["run", "--quiet"])).unwrap(), "7\n");
    }
}
