//! Hex text of keys, digests and signatures: either case in, lower case out.
//!
//! Constant-time code (`base16ct`), since one of them is secret. It is also the fastest: without a branch for each digit
//! there is nothing to predict.

use std::fmt;
use zeroize::Zeroizing;

/// The longest text is that of a DER signature of 72 bytes.
const MAX_BYTES: usize = 72;

/// Fills `bytes` from exactly as much hex text. What it holds after an error means nothing.
pub(crate) fn read(text: &str, bytes: &mut [u8]) -> Result<(), base16ct::Error> {
    match base16ct::mixed::decode(text, bytes)?.len() {
        length if length == bytes.len() => Ok(()),
        _ => Err(base16ct::Error::InvalidLength),
    }
}

/// Writes the hex text of up to 72 bytes.
pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut buffer = [0; 2 * MAX_BYTES];
    f.write_str(base16ct::lower::encode_str(bytes, &mut buffer).map_err(|_| fmt::Error)?)
}

/// The hex text of a secret.
pub(crate) fn secret(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(base16ct::lower::encode_string(bytes))
}
