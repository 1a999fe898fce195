//! The end of `docs/cli.md`: the help of every command.

use crate::shell::Failure;
use clap::Command;

/// The heading that this part follows.
const HEADING: &str = "## Every command\n";

/// The page with this part as the command is now.
pub(super) fn page(page: &str) -> Result<String, Failure> {
    let start = page.find(HEADING).ok_or_else(|| Failure::new(format!("docs/cli.md has no `{HEADING}`")))?;
    let mut made = page[..start].to_owned() + HEADING;
    made += "\nThis part is made from the command itself, by `cargo xtask pages`.\n";
    made.extend(helps().iter().map(|(name, help)| format!("\n### {name}\n\n```text\n{help}```\n")));
    Ok(made)
}

/// The name and the help of every command.
fn helps() -> Vec<(String, String)> {
    let mut command = tarspay_cli::command().term_width(100);
    // Fills in the usage of the commands below it.
    command.build();
    let mut helps = Vec::new();
    collect(&command, &mut helps);
    helps
}

fn collect(command: &Command, helps: &mut Vec<(String, String)>) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.clone().render_long_help().to_string();
    let lines = help.trim_end().lines().map(|line| format!("{}\n", line.trim_end()));
    helps.push((name, lines.collect()));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        collect(below, helps);
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_head_stays_and_every_command_has_its_help() {
        let made = page("# Head\n\n## Every command\nstale text").unwrap();
        assert!(
            made.starts_with("# Head\n\n## Every command\n\nThis part") && !made.contains("stale text"),
            "{made}"
        );
        for command in ["tarspay", "tarspay demo", "tarspay explain request"] {
            assert!(made.contains(&format!("\n### {command}\n\n```text\n")), "{command}: {made}");
            assert!(made.contains(&format!("\nUsage: {command} ")), "{command}: {made}");
        }
        assert!(!made.contains("tarspay help") && page("# Head\n").is_err());
        let mut wrapped = made.lines().filter(|line| !line.starts_with("Usage:"));
        assert!(wrapped.all(|line| line.chars().count() <= 110), "{made}");
    }
}
