//! Reading command lines: one error form and one exit code for all programs of this folder.

use std::ffi::OsString;
use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::anyhow;

/// What is wrong with a command line: the flag, what was expected, what was found.
#[derive(Debug)]
pub struct Wrong(pub String);

impl From<lexopt::Error> for Wrong {
    fn from(error: lexopt::Error) -> Wrong {
        Wrong(error.to_string())
    }
}

/// The value of `flag` as text.
pub fn text(parser: &mut lexopt::Parser, flag: &str, expected: &str) -> Result<String, Wrong> {
    let value: OsString = parser.value().map_err(|_| Wrong(format!("{flag}: expected {expected}, found nothing")))?;
    value.into_string().map_err(|raw| Wrong(format!("{flag}: expected {expected}, found {raw:?}")))
}

/// The value of `flag` read as `T` and held against `allowed`.
pub fn value<T: FromStr>(
    parser: &mut lexopt::Parser,
    flag: &str,
    expected: &str,
    allowed: impl Fn(&T) -> bool,
) -> Result<T, Wrong> {
    let text = text(parser, flag, expected)?;
    match text.parse() {
        Ok(value) if allowed(&value) => Ok(value),
        _ => Err(Wrong(format!("{flag}: expected {expected}, found {text:?}"))),
    }
}

/// A percentage, as a share of one.
pub fn percent(parser: &mut lexopt::Parser, flag: &str) -> Result<f64, Wrong> {
    value::<f64>(parser, flag, "a percentage from 0 to 90", |p| (0.0..=90.0).contains(p)).map(|p| p / 100.0)
}

/// What a flag that must be there has, or that it is missing.
pub fn needed<T>(value: Option<T>, flag: &str, expected: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| Wrong(format!("{flag}: expected {expected}, found no such flag")))
}

/// The error for a word that no flag has.
pub fn unexpected(argument: &lexopt::Arg<'_>) -> Wrong {
    let found = match argument {
        lexopt::Arg::Short(letter) => format!("-{letter}"),
        lexopt::Arg::Long(name) => format!("--{name}"),
        lexopt::Arg::Value(value) => format!("{value:?}"),
    };
    Wrong(format!("expected a flag that --help lists, found {found}"))
}

/// Prints an error and gives the exit code that all programs use for wrong input.
pub fn wrong(program: &str, wrong: &Wrong) -> ExitCode {
    eprintln!("{program}: {}", wrong.0);
    ExitCode::from(2)
}

/// Prints an error with its causes; exit code 1.
pub fn failed(program: &str, error: &anyhow::Error) -> ExitCode {
    eprintln!("{program}: {error:#}");
    ExitCode::from(1)
}

/// An error of a library that is not an `std::error::Error` everywhere.
pub fn core_error(error: impl Display) -> anyhow::Error {
    anyhow!("{error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_names_flag_expectation_and_finding() {
        let mut parser = lexopt::Parser::from_args(["--loss", "120"]);
        parser.next().unwrap();
        assert_eq!(
            percent(&mut parser, "--loss").unwrap_err().0,
            "--loss: expected a percentage from 0 to 90, found \"120\""
        );
        let mut parser = lexopt::Parser::from_args(["--loss"]);
        parser.next().unwrap();
        assert_eq!(
            percent(&mut parser, "--loss").unwrap_err().0,
            "--loss: expected a percentage from 0 to 90, found nothing"
        );
        assert_eq!(
            needed::<u8>(None, "--audit", "a file").unwrap_err().0,
            "--audit: expected a file, found no such flag"
        );
    }
}
