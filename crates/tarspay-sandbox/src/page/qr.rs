//! QR codes as pictures inside the page.

use maud::{Markup, html};
use qrcode::{Color, QrCode};
use std::fmt::Write as _;
use tarspay_types::WayCode;

/// The empty border that readers need, in modules.
const QUIET: usize = 4;

/// Whether the payer of this way scans a code: those ways whose documented meaning is a QR (`docs/markets.md`).
pub(super) fn is_scanned(way: &WayCode) -> bool {
    matches!(way.as_str(), "QR" | "QRIS")
}

/// A picture of this text; `None` if it is too long for one.
pub(super) fn picture(text: &str, label: &str) -> Option<Markup> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET;
    let mut dark = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing to a text cannot fail.
            let _ = write!(dark, "M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
        }
    }
    Some(html! {
        svg.qr role="img" aria-labelledby="qr-title" viewBox={ "0 0 " (side) " " (side) } shape-rendering="crispEdges" {
            title #qr-title { (label) }
            rect.light width=(side) height=(side) {}
            path.dark d=(dark) {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{is_scanned, picture};
    use tarspay_types::market::{self, Standing};

    #[test]
    fn a_code_is_drawn_inside_its_quiet_border() {
        let drawn = picture("http://127.0.0.1:1/pay/P1", "the <code>").unwrap().into_string();
        assert!(drawn.contains("<title id=\"qr-title\">the &lt;code&gt;</title>"), "{drawn}");
        // The corner of the upper left finder pattern; nothing is left of it or above it.
        assert!(drawn.contains("M4 4h1v1h-1z"), "{drawn}");
        assert!(!drawn.contains("M3 "), "{drawn}");
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(picture(&"x".repeat(5_000), "long").is_none());
    }

    #[test]
    fn three_markets_have_a_way_that_is_scanned() {
        let with_one = market::ALL.iter().filter(|market| {
            let ways = market.deposit().ways().iter();
            ways.filter(|way| way.standing() == Standing::Offered).any(|way| is_scanned(way.code()))
        });
        let names: Vec<_> = with_one.map(|market| market.key()).collect();
        assert_eq!(names, ["indonesia", "philippines", "vietnam"]);
    }
}
