//! `cargo xtask release`: the steps from a finished change to the upload. Each refuses what is not ready for it.

mod api_change;
pub mod bump;
pub mod changelog;
pub mod check;
pub mod git;
mod local_registry;
pub mod plan;
pub mod publish;
mod readme;
pub mod rehearse;
pub mod verify;
pub mod workspace;

use crate::shell::{Failure, root};
use clap::Subcommand;
use publish::{CRATES_IO, PAUSE};
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
    /// Run the READMEs' examples in fresh crates that depend on what a registry has, and install the command from it
    Verify {
        /// Another registry that cargo knows
        #[arg(long, default_value = CRATES_IO)]
        registry: String,
    },
    /// Tag the present commit with the version
    Tag {
        /// Only say what would be tagged
        #[arg(long)]
        dry_run: bool,
    },
    /// Upload what is not there yet, each crate after those it depends on
    Publish {
        /// Another registry that cargo knows
        #[arg(long, default_value = CRATES_IO)]
        registry: String,
        /// Only let cargo pack and check; nothing is uploaded
        #[arg(long)]
        dry_run: bool,
    },
    /// All of it in a clone that is thrown away, with a registry on loopback
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
        Step::Plan => plan::run(&root),
        Step::Check => check::run(&root),
        Step::Bump { level, date, dry_run } => {
            let date = date.clone().unwrap_or_else(bump::today);
            bump::run(&root, *level, &date, *dry_run)
        }
        Step::Rehearse => rehearse::run(&root),
        Step::Verify { registry } => {
            let target = Workspace::read(&root)?.target.join("rehearsal/build");
            verify::run(&root, registry, &target)
        }
        Step::Tag { dry_run } => {
            let workspace = Workspace::read(&root)?;
            git::tag(&root, &workspace.version, *dry_run)
        }
        Step::Publish { registry, dry_run } => publish::run(&root, registry, PAUSE, *dry_run),
    }
}
