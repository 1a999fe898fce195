//! The tables of `docs/wire.md`: names of members, types, words and certainty.

use crate::shell::Failure;

/// What stands under a heading of the page.
pub(super) struct Section<'a> {
    /// The heading without its number.
    pub(super) title: &'a str,
    text: &'a str,
}

/// A member, header or value in a path, a row of a table.
#[derive(Clone, Debug)]
pub(super) struct Fact<'a> {
    /// The name; that of a member of `payWays` begins with a point.
    pub(super) name: &'a str,
    kind: &'a str,
    required: &'a str,
    rule: &'a str,
    mark: &'a str,
}

impl<'a> Section<'a> {
    /// The section with this number.
    pub(super) fn find(page: &'a str, number: &str) -> Result<Self, Failure> {
        let mut sections = page.split("\n## ").flat_map(|part| part.split("\n### "));
        let heading = |section: &'a str| section.split_once('\n').unwrap_or((section, ""));
        let found = sections.find_map(|section| {
            let (title, text) = heading(section);
            let title = title.strip_prefix(number)?;
            Some(Self { title: title.strip_prefix(". ").or_else(|| title.strip_prefix(' '))?, text })
        });
        found.ok_or_else(|| Failure::new(format!("docs/wire.md has no section {number}")))
    }

    /// What is said before the first table, as one line.
    pub(super) fn words(&self) -> String {
        let lines = self.text.lines().skip_while(|line| line.is_empty());
        let lines: Vec<_> = lines.take_while(|line| !line.starts_with('|')).collect();
        in_full(lines.join(" ").trim())
    }

    /// The rows of the table whose first column has this name.
    pub(super) fn table(&self, first_column: &str) -> Result<Vec<Vec<&'a str>>, Failure> {
        let head = format!("| {first_column} |");
        let mut lines = self.text.lines().skip_while(|line| !line.starts_with(&head)).peekable();
        if lines.peek().is_none() {
            return Err(Failure::new(format!("docs/wire.md: no table of {first_column} in {}", self.title)));
        }
        let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
        Ok(rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect())
    }

    /// The members of one part (`req`, `data`, `path`, `header`) of the section's table.
    pub(super) fn facts(&self, part: &str) -> Result<Vec<Fact<'a>>, Failure> {
        let mut facts = Vec::new();
        for row in self.table("part")? {
            let [of_part, names, kind, required, rule, mark] = row[..] else {
                return Err(Failure::new(format!("docs/wire.md: {row:?} does not have six cells")));
            };
            if of_part == part && !kind.is_empty() {
                let names = names.split(", ").map(|name| name.trim_start_matches("payWays[][] "));
                facts.extend(names.map(|name| Fact { name, kind, required, rule, mark }));
            }
        }
        Ok(facts)
    }

    /// The members of a table without parts, such as that of the envelope.
    pub(super) fn plain_facts(&self, first_column: &str) -> Result<Vec<Fact<'a>>, Failure> {
        let fact = |row: Vec<&'a str>| match row[..] {
            [name, kind, required, rule, mark] => Ok(Fact { name, kind, required, rule, mark }),
            [name, rule, required, mark] => Ok(Fact { name, kind: "string", required, rule, mark }),
            _ => Err(Failure::new(format!("docs/wire.md: {row:?} is not about a member"))),
        };
        self.table(first_column)?.into_iter().map(fact).collect()
    }
}

impl Fact<'_> {
    /// The type, without how certain it is.
    pub(super) fn kind(&self) -> &str {
        self.kind.split_once(" `").map_or(self.kind, |(kind, _)| kind)
    }

    /// Whether it is required without a condition.
    pub(super) fn is_required(&self) -> bool {
        matches!(self.required, "yes" | "yes `[inferred]`")
    }

    /// Whether it is one of two members of which one must be there.
    pub(super) fn is_one_of_two(&self) -> bool {
        self.required.contains("one of the two")
    }

    /// How certain it is.
    pub(super) fn certainty(&self) -> Option<&str> {
        certainty(self.mark)
    }

    /// What the page says about it, apart from what a schema says by itself.
    pub(super) fn words(&self) -> String {
        let mut words = sentence(self.rule);
        if !matches!(self.required, "" | "–" | "yes" | "no" | "optional") {
            words.push_str(&sentence(&format!("Required: {}", self.required.trim_end_matches("; else –"))));
        }
        if self.kind() != self.kind {
            words.push_str(&sentence(&format!("Type: {}", self.kind)));
        }
        words.trim_end().to_owned()
    }
}

/// The first mark of a cell, without brackets: `doc`.
pub(super) fn certainty(cell: &str) -> Option<&str> {
    cell.split_once("`[")?.1.split_once(']').map(|(mark, _)| mark)
}

/// A cell as a sentence, with a blank after it. Nothing for an empty cell.
pub(super) fn sentence(cell: &str) -> String {
    let mut letters = cell.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}. ", first.to_uppercase(), in_full(letters.as_str().trim_end_matches('.')))
    })
}

/// The page refers to its own sections; elsewhere they need its name.
fn in_full(text: &str) -> String {
    text.replace("docs/wire.md section ", "section ").replace("section ", "docs/wire.md section ")
}

#[cfg(test)]
mod tests {
    use super::Section;

    const PAGE: &str = "# Page\n\n## 7. Calls\n\n### 7.1 Create: `POST /a`\n\nFrom section 8.\nMore.\n\n\
        | part | field | type | required | rule | mark |\n|---|---|---|---|---|---|\n\
        | req | a, b | string | yes | text | `[doc]` |\n\
        | req | c | string `[inferred]` | with `X` | | `[client]` |\n\
        | data | payWays[][] .d, .e | integer | – | see section 8 | `[inferred]` |\n\
        | data | | | | not documented | |\n\n### 7.10 Other\n\n| part | field |\n|---|---|\n| req | f |\n";

    #[test]
    fn a_table_is_read_with_names_types_words_and_certainty() {
        let section = Section::find(PAGE, "7.1").unwrap();
        assert_eq!(section.title, "Create: `POST /a`");
        assert_eq!(section.words(), "From docs/wire.md section 8. More.");
        let read: Vec<_> = ["req", "data"]
            .iter()
            .flat_map(|part| section.facts(part).unwrap())
            .map(|fact| {
                let certainty = fact.certainty().unwrap().to_owned();
                format!("{} {} {} {certainty}: {}", fact.name, fact.kind(), fact.is_required(), fact.words())
            })
            .collect();
        let expected = [
            "a string true doc: Text.",
            "b string true doc: Text.",
            "c string false client: Required: with `X`. Type: string `[inferred]`.",
            ".d integer false inferred: See docs/wire.md section 8.",
            ".e integer false inferred: See docs/wire.md section 8.",
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_the_page_does_not_have_is_an_error() {
        assert!(Section::find(PAGE, "7.2").is_err());
        assert!(Section::find(PAGE, "7.10").unwrap().facts("req").is_err());
        assert!(Section::find(PAGE, "7.1").unwrap().table("code").is_err());
    }
}
