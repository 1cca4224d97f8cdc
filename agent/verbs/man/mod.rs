//! `tidegate man`: the man pages of the binary and of its verbs, made of the same declarations as
//! `--help`.

mod page;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Command, ValueHint};

use crate::error::Error;
use crate::verbs::common::output_file::OutputError;

/// Print a man page, or write all of them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate man | man -l -
  tidegate man run | man -l -
  tidegate man --out /usr/local/share/man/man1")]
pub(crate) struct Args {
    /// The verb, such as `run` or `observe flows`; without it, the page of tidegate itself
    verb: Vec<String>,
    /// Write the pages of tidegate and of all verbs to this folder, which is created if necessary
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "verb")]
    out: Option<PathBuf>,
}

/// Prints or writes the pages of `command`, the whole command line.
pub(crate) fn run(args: &Args, command: Command) -> Result<(), Error> {
    let commands = commands(command);
    if let Some(folder) = &args.out {
        return write_all(&commands, folder);
    }
    let wanted = [&["tidegate".to_owned()], &args.verb[..]]
        .concat()
        .join("-");
    match commands
        .iter()
        .find(|command| page::title(command) == wanted)
    {
        Some(command) => {
            io::stdout().write_all(&page::render(command, &commands)?)?;
            Ok(())
        }
        None => Err(Error::Usage(format!(
            "there is no verb `{}`; `tidegate --help` lists the verbs",
            args.verb.join(" ")
        ))),
    }
}

/// The whole command line, and all commands below it that are not hidden.
fn commands(command: Command) -> Vec<Command> {
    let mut root = command.disable_help_subcommand(true);
    root.build();
    let mut all = Vec::new();
    add(root, &mut all);
    all
}

fn add(command: Command, all: &mut Vec<Command>) {
    let below = page::below(&command);
    let below: Vec<_> = below.cloned().collect();
    all.push(command);
    for verb in below {
        add(verb, all);
    }
}

fn write_all(commands: &[Command], folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| OutputError::write(folder, source))?;
    for command in commands {
        let file = folder.join(format!("{}.1", page::title(command)));
        fs::write(&file, page::render(command, commands)?)
            .map_err(|source| OutputError::write(&file, source))?;
    }
    Ok(())
}
