//! Turns bytes into the text form of frames: hexadecimal lines, files of frames by length or as COBS, capture files. What a
//! frame says is the core's matter, how a capture is read that of `capture`.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{bail, Context, Result};
use taskwire::wire::{decode, Bounds, Deframer, Framing};
use taskwire_examples::capture;
use taskwire_examples::flags::{self, Wrong};

const HELP: &str = "\
decode: says what frames say, one on a line.

  --hex FILE      one frame a line, in hexadecimal digits; blanks and colons between them do not matter, a line that
                  begins with # is none; - is the standard input (the default)
  --stream FILE   frames one after the other, each after its length, as on TCP
  --cobs FILE     frames between zero bytes, as on a serial line
  --pcap FILE     a capture of the classic form: what its UDP datagrams carry
  --port N        of a capture, only what goes from or to this port
  --help

Each line begins with where its frame was found. A frame that is none is told with its kind, field and offset. Exit
code: 0 all were frames, 1 some were not, 2 wrong flag or input.
";

enum Input {
    Hex(PathBuf),
    Stream(PathBuf, Framing),
    Capture(PathBuf),
}

struct Options {
    input: Input,
    port: Option<u16>,
}

fn read_options(mut parser: lexopt::Parser) -> Result<Option<Options>, Wrong> {
    use lexopt::Arg::Long;
    let mut inputs = Vec::new();
    let mut port = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("hex") => inputs.push(Input::Hex(flags::text(&mut parser, "--hex", "a file or -")?.into())),
            Long("stream") => {
                let file = flags::text(&mut parser, "--stream", "a file")?.into();
                inputs.push(Input::Stream(file, Framing::LengthPrefixed));
            }
            Long("cobs") => {
                inputs.push(Input::Stream(flags::text(&mut parser, "--cobs", "a file")?.into(), Framing::Cobs));
            }
            Long("pcap") => inputs.push(Input::Capture(flags::text(&mut parser, "--pcap", "a file")?.into())),
            Long("port") => port = Some(flags::value(&mut parser, "--port", "a number from 1 to 65535", |n| *n > 0)?),
            Long("help") => return Ok(None),
            other => return Err(flags::unexpected(&other)),
        }
    }
    if inputs.len() > 1 {
        return Err(Wrong("expected one of --hex, --stream, --cobs and --pcap, found more".into()));
    }
    let input = inputs.pop().unwrap_or(Input::Hex("-".into()));
    if port.is_some() && !matches!(input, Input::Capture(_)) {
        return Err(Wrong("--port: expected with --pcap alone".into()));
    }
    Ok(Some(Options { input, port }))
}

/// What was said so far.
struct Said<W: Write> {
    out: W,
    frames: u64,
    refused: u64,
}

impl<W: Write> Said<W> {
    fn frame(&mut self, place: &str, bytes: &[u8]) -> Result<()> {
        self.frames += 1;
        match decode(bytes, &Bounds::default()) {
            Ok(frame) => writeln!(self.out, "{place}: {frame}")?,
            Err(error) => {
                self.refused += 1;
                writeln!(self.out, "{place}: {error}")?;
            }
        }
        Ok(())
    }
}

/// The bytes that a line of hexadecimal digits stands for; none for a comment or an empty line.
fn of_hex(line: &str) -> Result<Option<Vec<u8>>> {
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut digits = Vec::new();
    for (column, letter) in line.chars().enumerate().filter(|(_, c)| !c.is_whitespace() && *c != ':') {
        match letter.to_digit(16) {
            Some(digit) => digits.push(digit as u8),
            None => bail!("expected hexadecimal digits, found {letter:?} in column {}", column + 1),
        }
    }
    if digits.len() % 2 != 0 {
        bail!("expected two hexadecimal digits a byte, found {} digits", digits.len());
    }
    Ok(Some(digits.chunks_exact(2).map(|two| two[0] * 16 + two[1]).collect()))
}

fn say_hex(text: &str, said: &mut Said<impl Write>) -> Result<()> {
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(bytes) = of_hex(line).with_context(|| format!("line {number}"))? {
            said.frame(&format!("line {number}"), &bytes)?;
        }
    }
    Ok(())
}

fn say_stream(bytes: &[u8], framing: Framing, said: &mut Said<impl Write>) -> Result<()> {
    let mut deframer = Deframer::new(framing, u32::MAX);
    let mut taken = 0;
    while taken < bytes.len() {
        // A byte at a time, so that the place where a frame ends is known.
        taken += deframer.push(&bytes[taken..=taken]);
        let place = format!("byte {taken}");
        while let Some(frame) = deframer.next_frame().with_context(|| place.clone())? {
            said.frame(&format!("before {place}"), frame)?;
        }
    }
    let (dropped, held) = (deframer.dropped(), deframer.held());
    if dropped.pieces > 0 {
        writeln!(said.out, "{} times noise, {} bytes", dropped.pieces, dropped.bytes)?;
    }
    if held > 0 {
        bail!("byte {taken}: the file ends in the middle of a frame, of which it has {held} bytes");
    }
    Ok(())
}

fn say_capture(capture: impl Read, port: Option<u16>, said: &mut Said<impl Write>) -> Result<()> {
    for datagram in capture::datagrams(capture)? {
        if port.is_some_and(|port| !datagram.ports.contains(&port)) {
            continue;
        }
        let cut = if datagram.is_cut { " (the capture has only its beginning)" } else { "" };
        let seconds = datagram.at as f64 / 1e6;
        let place = format!("packet {} at {seconds:.6} s, {}{cut}", datagram.packet, datagram.way);
        said.frame(&place, &datagram.payload)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.with_context(|| path.display().to_string())?;
    Ok(bytes)
}

/// Says what the input says; whether all of it were frames.
fn run(options: &Options, out: impl Write) -> Result<bool> {
    let mut said = Said { out, frames: 0, refused: 0 };
    let done = match &options.input {
        Input::Hex(path) => {
            let text = String::from_utf8(read(path)?).with_context(|| path.display().to_string())?;
            say_hex(&text, &mut said)
        }
        Input::Stream(path, framing) => say_stream(&read(path)?, *framing, &mut said),
        Input::Capture(path) => say_capture(&read(path)?[..], options.port, &mut said),
    };
    // What was found before a fault stands above it.
    said.out.flush()?;
    done?;
    if said.refused > 0 {
        eprintln!("decode: {} of {} were no frames", said.refused, said.frames);
    }
    Ok(said.refused == 0)
}

fn main() -> ExitCode {
    let options = match read_options(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return flags::wrong("decode", &wrong),
    };
    match run(&options, BufWriter::new(std::io::stdout().lock())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // Whoever reads has enough.
        Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(is_closed) => ExitCode::SUCCESS,
        Err(error) => flags::wrong("decode", &Wrong(format!("{error:#}"))),
    }
}

fn is_closed(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}
