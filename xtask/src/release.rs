//! `cargo xtask release`: the steps from a finished change to the upload. Each refuses what is not ready for it.

pub mod bump;
pub mod changelog;
pub mod check;
pub mod git;
pub mod publish;
pub mod rehearse;
pub mod verify;
pub mod workspace;

use crate::shell::{Failure, root, say};
use clap::Subcommand;
use workspace::Workspace;

/// The steps, in their order.
#[derive(Subcommand)]
#[non_exhaustive]
pub enum Step {
    /// What would be released, in which order, and why in that order
    Plan,
    /// Everything that stands against a release, at once
    Check,
    /// Raise the version everywhere, and date the changelog
    Bump {
        /// What the release changes for users
        level: bump::Level,
        /// The date in the changelog, as YYYY-MM-DD; today's in UTC without it
        #[arg(long)]
        date: Option<String>,
        /// Only say what would be written
        #[arg(long)]
        dry_run: bool,
    },
    /// Build and run the READMEs' programs in fresh crates that depend on the packed archives
    Verify,
    /// Tag the present commit with the version
    Tag {
        /// Only say what would be tagged
        #[arg(long)]
        dry_run: bool,
    },
    /// Upload what is not there yet, each crate after those it depends on
    Publish {
        /// Only let cargo pack and check; nothing is uploaded
        #[arg(long)]
        dry_run: bool,
    },
    /// All of it but `verify`, in a clone that is thrown away, with a folder for a registry
    Rehearse,
}

/// Takes one step.
///
/// # Errors
///
/// Says what stands against it.
pub fn run(step: &Step) -> Result<(), Failure> {
    let root = root();
    match step {
        Step::Plan => {
            let workspace = Workspace::read(&root)?;
            let last = git::last_tag(&root)?.map_or_else(|| "none".to_owned(), |tag| format!("v{tag}"));
            say(&format!("version {}, last tag {last}", workspace.version));
            for package in &workspace.packages {
                let why = if package.needs.is_empty() { "needs none of ours" } else { "after" };
                say(format!("  {} {why} {}", package.name, package.needs.join(", ")).trim_end());
            }
            Ok(())
        }
        Step::Check => check::run(&root),
        Step::Bump { level, date, dry_run } => {
            let date = date.clone().unwrap_or_else(bump::today);
            bump::run(&root, *level, &date, *dry_run)
        }
        Step::Rehearse => rehearse::run(&root),
        Step::Verify => verify::run(&root),
        Step::Tag { dry_run } => {
            let workspace = Workspace::read(&root)?;
            git::tag(&root, &workspace.version, *dry_run)
        }
        Step::Publish { dry_run } => publish::run(&root, *dry_run),
    }
}
