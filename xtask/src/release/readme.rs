//! The versions that READMEs tell their readers to depend on.

use semver::Version;
use std::borrow::Cow;

/// The page, asking for a version of each of our crates that it names as a dependency: `tarspay = "0.1"`.
pub(super) fn asking_for(page: &str, names: &[&str], version: &Version) -> String {
    let asking = |line: &str| {
        let (name, rest) = line.split_once(" = \"")?;
        let (_, rest) = rest.split_once('"')?;
        let ours = names.contains(&name);
        ours.then(|| format!("{name} = \"{}.{}\"{rest}", version.major, version.minor))
    };
    page.split_inclusive('\n').map(|line| asking(line).map_or(line.into(), Cow::Owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::asking_for;
    use semver::Version;

    #[test]
    fn our_crates_get_the_version_and_others_stay() {
        let page = "```toml\n[dependencies]\ntarspay = \"0.1\"\ntokio = \"1\"\n```\n\nlet tarspay = \"text\";\ntarspay-sign = \"0.1\" # alone";
        let expected = page.replace("\"0.1\"", "\"1.2\"");
        assert_eq!(asking_for(page, &["tarspay", "tarspay-sign"], &Version::new(1, 2, 3)), expected);
        assert_eq!(asking_for(page, &[], &Version::new(1, 2, 3)), page);
    }
}
