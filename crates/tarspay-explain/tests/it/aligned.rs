//! Two texts, one below the other.

use tarspay_explain::Aligned;

#[track_caller]
fn assert_rows(signed: &[u8], expected: &[u8], width: usize, rows: &[&str]) {
    let shown = Aligned::new(signed, expected).width(width).to_string();
    assert_eq!(shown.lines().collect::<Vec<_>>(), rows, "\n{shown}");
}

#[test]
fn the_mark_stands_under_the_first_difference() {
    let wide = usize::MAX;
    for (signed, expected, rows) in [
        ("a=1", "a=2", ["signed:   a=1", "expected: a=2", "            ^"]),
        ("x", "a=2", ["signed:   x", "expected: a=2", "          ^"]),
        // Ends, and what cannot be seen there.
        ("a=1\n", "a=1", ["signed:   a=1\\n", "expected: a=1", "             ^"]),
        ("a=1 ", "a=1", ["signed:   a=1\\u{20}", "expected: a=1", "             ^"]),
        ("", "a", ["signed:   ", "expected: a", "          ^"]),
        ("a+b c", "a b c", ["signed:   a+b c", "expected: a b c", "           ^"]),
        // Characters that look alike, and those of two columns, have columns of their own.
        ("e\u{301}", "\u{e9}", ["signed:   e\\u{301}", "expected: \\u{e9}", "          ^"]),
        ("中a", "中b", ["signed:   \\u{4e2d}a", "expected: \\u{4e2d}b", "                  ^"]),
        ("\\n", "\n", ["signed:   \\\\n", "expected: \\n", "          ^"]),
    ] {
        assert_rows(signed.as_bytes(), expected.as_bytes(), wide, &rows);
    }
    let rows = ["signed:   S\\x{c9}R", "expected: S\\u{c9}R", "           ^"];
    assert_rows(b"S\xc9R", "S\u{c9}R".as_bytes(), wide, &rows);
}

#[test]
fn equal_texts_are_shown_once() {
    assert_rows(b"a=1 ", b"a=1 ", usize::MAX, &["signed:   a=1\\u{20}"]);
    assert_rows(b"0123456789ab", b"0123456789ab", 20, &["signed:   0123456789", "signed:   ab"]);
}

#[test]
fn rows_are_no_wider_than_the_terminal() {
    let (signed, expected) = ("0123456789abcdefghij-klmnop", "0123456789abcdefghij+klmnopqrstu");
    assert_rows(
        signed.as_bytes(),
        expected.as_bytes(),
        22,
        &[
            "both:     0123456789ab",
            "signed:   cdefghij-klm",
            "expected: cdefghij+klm",
            "                  ^",
            "signed:   nop",
            "expected: nopqrstu",
        ],
    );
    // The mark is on the row of both, also where only one of them would fill the row before.
    assert_rows(
        "0123456789a".as_bytes(),
        "0123456789".as_bytes(),
        20,
        &["both:     0123456789", "signed:   a", "expected: ", "          ^"],
    );
    for width in 0..60 {
        let aligned = Aligned::new("POST|/x|1|é=\u{301}\u{1f600}&b", "POST|/x|1|e=\u{301}\n");
        let shown = aligned.width(width).to_string();
        assert!(shown.lines().all(|line| line.len() <= width.max(20)), "{width}\n{shown}");
        assert_eq!(shown.matches('^').count(), 1, "{width}\n{shown}");
    }
}

#[test]
fn debug_shows_no_text() {
    assert_eq!(
        format!("{:?}", Aligned::new("secret", "secrets")),
        "Aligned { signed_bytes: 6, expected_bytes: 7, .. }"
    );
}
