//! The file of callbacks that `listen --log` keeps and `callback replay` reads: one JSON object on
//! each line.

use crate::failure::Failure;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use tarspay::Verified;
use tarspay::types::Callback;

/// The longest line: a body of 64 KiB whose bytes are written as numbers fits.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// A callback as it came.
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) signature: String,
    pub(crate) body: Vec<u8>,
}

/// The file, open for one writer.
pub(crate) struct CallbackLog {
    file: File,
    last: u64,
    bytes: u64,
}

impl CallbackLog {
    /// Opens or makes the file, for its owner alone, and reads what is in it. A last line that was
    /// not written to its end is cut off: its callback was not acknowledged.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Entry>), Failure> {
        let cannot = |error: io::Error| cannot_use(path, &error);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(cannot)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(cannot)?;
            // A new name is kept too.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(cannot)?;
            folder.sync_all().map_err(cannot)?;
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => cannot(error),
            TryLockError::WouldBlock => {
                Failure::usage(format!("{} is in use by another tarspay listen", path.display()))
            }
        })?;
        let (entries, bytes) = read(&file, path)?;
        let torn = file.metadata().map_err(cannot)?.len() - bytes;
        if torn > 0 {
            file.set_len(bytes).and_then(|()| file.sync_all()).map_err(cannot)?;
            crate::output::message(&format!(
                "tarspay: the last line of {} was not written to its end and is cut off",
                path.display()
            ));
        }
        let last = entries.last().map_or(0, |entry| entry.id);
        Ok((Self { file, last, bytes }, entries))
    }

    /// Writes a callback, and returns its number once it is on the disk.
    pub(crate) fn append(&mut self, callback: &Verified<Callback>) -> io::Result<u64> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.file.metadata()?) == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the file was removed"));
        }
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let body = match std::str::from_utf8(callback.raw_body()) {
            Ok(text) => json!(text),
            Err(_) => json!(callback.raw_body()),
        };
        let entry = json!({
            "id": self.last + 1,
            "at": u64::try_from(at).unwrap_or(u64::MAX),
            "signature": callback.signature(),
            "body": body,
        });
        let line = format!("{entry}\n");
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // If this fails too, the next start does it.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += line.len() as u64;
        self.last += 1;
        Ok(self.last)
    }
}

/// The callback with this number.
pub(crate) fn find(path: &Path, id: u64) -> Result<Entry, Failure> {
    let file = File::open(path).map_err(|error| cannot_use(path, &error))?;
    let (entries, _) = read(&file, path)?;
    let ids = entries.first().zip(entries.last()).map(|(first, last)| format!("{} to {}", first.id, last.id));
    entries.into_iter().find(|entry| entry.id == id).ok_or_else(|| {
        let has = ids.map_or("is empty".to_owned(), |ids| format!("has the numbers {ids}"));
        Failure::refused(format!("no callback {id}: {} {has}", path.display()))
    })
}

/// The callbacks of a file, and how many bytes of it are whole lines.
fn read(mut file: &File, path: &Path) -> Result<(Vec<Entry>, u64), Failure> {
    let cannot = |error: io::Error| cannot_use(path, &error);
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(Failure::usage(format!("{} is not a regular file", path.display())));
    }
    file.seek(SeekFrom::Start(0)).map_err(cannot)?;
    let mut reader = BufReader::new(file);
    let (mut entries, mut bytes) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        io::Read::take(&mut reader, MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(cannot)?;
        if !line.ends_with(b"\n") && (line.len() as u64) < MAX_LINE_BYTES {
            return Ok((entries, bytes));
        }
        entries.push(entry(&line).ok_or_else(|| {
            let number = entries.len() + 1;
            Failure::usage(format!("{} is not a log of tarspay listen: see line {number}", path.display()))
        })?);
        bytes += line.len() as u64;
    }
}

fn entry(line: &[u8]) -> Option<Entry> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let body = match &line["body"] {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(bytes) => {
            bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect::<Option<_>>()?
        }
        _ => return None,
    };
    Some(Entry { id: line["id"].as_u64()?, signature: line["signature"].as_str()?.to_owned(), body })
}

fn cannot_use(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot use the log {}", path.display())).caused_by(error)
}
