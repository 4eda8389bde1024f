//! The reference of the program is what `--help` says.
//!
//! `SILK_UPDATE_SNAPSHOTS=1 cargo test -p silk-cli --test reference` writes it anew.

use std::{fmt::Write as _, fs, path::Path};

const PREFACE: &str = "\
# The program `silk`

What every command takes, as `silk COMMAND --help` prints it.
[The guide](../guides/silk-program.md) shows how they go together.

Data goes to standard output, messages go to standard error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the answer is no: a check failed, nothing came in time, nothing was removed |
| 2 | it could not be done; the message says why, `hint:` what helps |
";

#[test]
fn the_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let written = reference();
    if std::env::var_os("SILK_UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let different = written
        .lines()
        .zip(kept.lines())
        .find(|(written, kept)| written != kept);
    assert!(
        written == kept,
        "docs/reference/cli.md is not what --help says, from {different:?} on; \
         SILK_UPDATE_SNAPSHOTS=1 writes it anew"
    );
}

fn reference() -> String {
    let mut command = silk_cli::command().term_width(90);
    command.build();
    let mut out = PREFACE.to_owned();
    section(&mut out, &command, "silk");
    for subcommand in command.get_subcommands() {
        if subcommand.get_name() != "help" {
            let name = format!("silk {}", subcommand.get_name());
            section(&mut out, subcommand, &name);
        }
    }
    out
}

fn section(out: &mut String, command: &clap::Command, name: &str) {
    // Options of every command stand once, under `silk`.
    let mut command = command.clone().bin_name(name).term_width(90);
    if name != "silk" {
        command = command.mut_args(|argument| {
            let is_everywhere = argument.is_global_set() || argument.get_id() == "help";
            argument.hide(is_everywhere)
        });
    }
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    let _ = write!(out, "\n## `{name}`\n\n```text\n{}\n```\n", help.join("\n"));
}
