//! The program `decode`: what the vectors say that frames say, from hexadecimal lines, streams and captures; and what is
//! wrong with input, by place.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use etherparse::PacketBuilder;
use pcap_file::pcap::{PcapPacket, PcapWriter};
use serde_json::Value;
use taskwire::wire::Framing;

fn decode(words: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_decode"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that refuses its flags reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The frames of the test vectors whose text says nothing that only their session knows: their bytes in hexadecimal
/// digits, and their text.
fn vectors() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/frames.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let texts = lines.filter(|line| line["text"].is_string());
    let known = texts.map(|line| (line["hex"].as_str().unwrap().to_owned(), line["text"].as_str().unwrap().to_owned()));
    // An entry of the session's own epoch does not say so; HELLO names its own.
    known.filter(|(_, text)| !text.contains(" epoch ") || text.contains("HELLO")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn hexadecimal_lines_streams_and_captures_say_what_the_vectors_say() {
    let vectors = vectors();
    assert!(vectors.len() >= 20, "{} vectors", vectors.len());
    let folder = tempfile::tempdir().unwrap();
    let said = |words: &[&str], input: &str| {
        let output = decode(words, input.as_bytes());
        assert!(output.status.success(), "{output:?}");
        out(&output).lines().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let expected: Vec<String> = vectors.iter().map(|(_, text)| text.clone()).collect();

    let hex: String = vectors.iter().map(|(hex, _)| format!("# one\n{} {}\n\n", &hex[..6], &hex[6..])).collect();
    assert_eq!(said(&[], &hex), expected);

    for (framing, flag) in [(Framing::LengthPrefixed, "--stream"), (Framing::Cobs, "--cobs")] {
        let mut stream = Vec::new();
        for (hex, _) in &vectors {
            let frame = bytes(hex);
            let mut room = vec![0; framing.room(frame.len())];
            let length = framing.wrap(&frame, &mut room).unwrap();
            stream.extend_from_slice(&room[..length]);
        }
        let path = folder.path().join("stream");
        std::fs::write(&path, stream).unwrap();
        assert_eq!(said(&[flag, path.to_str().unwrap()], ""), expected);
    }

    let path = folder.path().join("pcap");
    let mut writer = PcapWriter::new(std::fs::File::create(&path).unwrap()).unwrap();
    for (hex, _) in &vectors {
        for port in [7_400, 7_401] {
            let mut packet = Vec::new();
            let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64);
            builder.udp(40_000, port).write(&mut packet, &bytes(hex)).unwrap();
            let at = std::time::Duration::from_millis(1_500);
            writer.write_packet(&PcapPacket::new(at, packet.len() as u32, &packet)).unwrap();
        }
    }
    drop(writer);
    let output = decode(&["--pcap", path.to_str().unwrap(), "--port", "7400"], b"");
    let lines: Vec<String> = out(&output).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), expected.len());
    for (n, (line, text)) in lines.iter().zip(&expected).enumerate() {
        assert_eq!(*line, format!("packet {} at 0.000000 s, 192.0.2.1:40000 > 192.0.2.2:7400: {text}", 2 * n + 1));
    }
}

#[test]
fn what_is_no_frame_is_told_with_field_and_offset() {
    let (good, text) = vectors().into_iter().find(|(hex, _)| hex.len() > 40).unwrap();
    let mut bad = bytes(&good);
    bad[12] ^= 1;
    let bad: String = bad.iter().map(|byte| format!("{byte:02X}")).collect();
    let output = decode(&[], format!("{good}\n{bad}\n0102\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let said = out(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("line 1: {text}"));
    assert!(lines[1].starts_with("line 2: frame refused: ") && lines[1].contains("offset"), "{said}");
    assert!(lines[2].starts_with("line 3: frame refused: ") && lines[2].contains("field `frame`, offset 0"), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "decode: 2 of 3 were no frames\n");
}

#[test]
fn wrong_flags_and_wrong_input_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let short = file("short", &[20, 0, 1, 2, 3]);
    let lost = file("lost", &[3, 0, 1, 2, 3]);
    let empty = file("empty", b"");
    for (words, input, expected) in [
        (&["--hex"][..], "", "--hex: expected a file or -, found nothing"),
        (&["--what"], "", "expected a flag that --help lists, found --what"),
        (&["--hex", "-", "--pcap", "x"], "", "expected one of --hex, --stream, --cobs and --pcap, found more"),
        (&["--port", "7"], "", "--port: expected with --pcap alone"),
        (&["--stream", "/no/such"], "", "/no/such: No such file"),
        (&["--stream", &short], "", "byte 5: the file ends in the middle of a frame, of which it has 5 bytes"),
        (&["--stream", &lost], "", "byte 2: stream refused: a frame of 3 bytes is announced"),
        (&["--pcap", &empty], "", "expected a capture file of the classic form (pcap)"),
        (&[], "01\n02 0x\n", "line 2: expected hexadecimal digits, found 'x' in column 5"),
        (&[], "123\n", "line 1: expected two hexadecimal digits a byte, found 3 digits"),
    ] {
        let output = decode(words, input.as_bytes());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.starts_with("decode: ") && said.contains(expected), "{words:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
