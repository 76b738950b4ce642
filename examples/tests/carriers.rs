//! The agent in C over TCP and over a serial line, beside a real controller: connections that end in the middle of a frame
//! and are made anew, a controller that is restarted, and a cable that loses, changes and invents bytes. Each time the
//! history has every transition once, in order.

mod common;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use common::bench::{code, states, Bench, SOON};
use taskwire_examples::controller_host::serial::pseudo_terminal;
use taskwire_examples::sleep;

const WORK: &str = "task one\n  shell echo done; exit 3\n  retries 1\ntask two\n  shell exit 0\n";

/// Work that goes on for a while: one task after the other, each with something to say.
fn long_work(tasks: usize) -> String {
    (0..tasks).map(|n| format!("task t{n}\n  shell echo progress 50; sleep 0.15; exit {}\n", n % 2)).collect()
}

fn with_tcp() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    Bench::with_flags(folder, &audit, &["--tcp", "127.0.0.1:0"])
}

fn sorted(mut states: Vec<String>) -> Vec<String> {
    states.sort();
    states
}

#[test]
fn over_tcp_it_ends_when_all_is_on_the_controllers_disk() {
    let bench = with_tcp();
    let mut agent = bench.agent_over(["--tcp", bench.tcp()], "a", WORK, None, &[]);
    assert_eq!(code(&mut agent), 0);
    assert_eq!(bench.history().len(), 9);
    assert_eq!(sorted(bench.history()), sorted(states(&bench.path("a.truth"))));
    assert!(agent.last_words().contains("; connections 1, "), "{}", agent.last_words());
}

#[test]
fn agents_over_udp_and_tcp_are_served_at_once() {
    let bench = with_tcp();
    let mut first = bench.agent("first", WORK, None, &["--node", "edge-2"]);
    let mut second = bench.agent_over(["--tcp", bench.tcp()], "second", WORK, None, &[]);
    assert_eq!((code(&mut first), code(&mut second)), (0, 0));
    assert_eq!(bench.history().len(), 18);
}

#[test]
fn an_agent_over_tcp_waits_for_its_controller_and_survives_its_restart() {
    let mut bench = with_tcp();
    let flags = ["--back-off", "200ms", "--parallel", "1"];
    let mut agent = bench.agent_over(["--tcp", bench.tcp()], "a", &long_work(12), None, &flags);
    agent.announced("edge-1: session with controller", SOON).unwrap();
    bench.restart_controller(2);
    assert_eq!(code(&mut agent), 0);
    let truth = states(&bench.path("a.truth"));
    assert_eq!((truth.len(), bench.history()), (36, truth));
}

/// Hands bytes on between an agent and a controller, and cuts each connection after ever more of them: also in the middle
/// of a frame, and before a session can open.
fn cutter(to: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let cuts = Arc::new(AtomicUsize::new(0));
    let counted = cuts.clone();
    std::thread::spawn(move || {
        for (turn, from) in listener.incoming().flatten().enumerate() {
            let Ok(to) = TcpStream::connect(&to) else { continue };
            for stream in [&from, &to] {
                stream.set_nonblocking(true).unwrap();
            }
            let mut left = 137 + turn * 397;
            while left > 0 && !sleep_and_hand_on(&from, &to, &mut left) {}
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (address, cuts)
}

/// One round of a [`cutter`]; true when a side has ended it.
fn sleep_and_hand_on(from: &TcpStream, to: &TcpStream, left: &mut usize) -> bool {
    sleep::until_readable(&[from, to], Duration::from_millis(200)).unwrap();
    let mut bytes = [0; 64];
    [(from, to), (to, from)].into_iter().any(|(mut read, mut write)| {
        let room = bytes.len().min(*left);
        match read.read(&mut bytes[..room]) {
            Ok(0) => *left > 0,
            Ok(got) => {
                *left -= got;
                write.write_all(&bytes[..got]).is_err()
            }
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    })
}

#[test]
fn connections_that_are_cut_in_the_middle_of_a_frame_lose_nothing() {
    let bench = with_tcp();
    let (address, cuts) = cutter(bench.tcp().to_owned());
    let flags = ["--back-off", "200ms", "--parallel", "1"];
    let mut agent = bench.agent_over(["--tcp", &address], "a", &long_work(20), None, &flags);
    assert_eq!(code(&mut agent), 0);
    let truth = states(&bench.path("a.truth"));
    assert_eq!((truth.len(), bench.history()), (60, truth));
    assert!(cuts.load(Ordering::Relaxed) >= 5, "{cuts:?} cuts: {}", agent.last_words());
}

/// A cable between two lines that loses, changes and invents bytes, by a seed, until it is dropped.
struct Cable {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<usize>>,
}

impl Cable {
    fn new(ends: [File; 2], seed: u64) -> Cable {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut faults = 0;
            while !stopped.load(Ordering::Relaxed) {
                // A line that nobody has open is at its end until somebody has.
                sleep::until_readable(&[&ends[0], &ends[1]], Duration::from_millis(20)).unwrap();
                faults += hand_on(&ends[0], &ends[1], &mut random) + hand_on(&ends[1], &ends[0], &mut random);
                std::thread::sleep(Duration::from_millis(1));
            }
            faults
        });
        Cable { stop, thread: Some(thread) }
    }

    /// Ends it; how many bytes were spoilt.
    fn end(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

fn hand_on(mut from: &File, mut to: &File, random: &mut fastrand::Rng) -> usize {
    let mut bytes = [0; 512];
    let got = from.read(&mut bytes).unwrap_or(0);
    let mut out = Vec::new();
    let mut faults = 0;
    if random.f64() < 0.01 {
        // What a boot loader says, or a plug that was touched.
        out.extend((0..random.usize(1..60)).map(|_| random.u8(..)));
        faults += 1;
    }
    for byte in &bytes[..got] {
        match random.u16(..1500) {
            0 => faults += 1,
            1 => {
                out.push(byte ^ (1 << random.u8(..8)));
                faults += 1;
            }
            2 => {
                out.extend([*byte, random.u8(..)]);
                faults += 1;
            }
            _ => out.push(*byte),
        }
    }
    // Bytes that the line does not take now are lost, as any others.
    let _ = to.write(&out);
    faults
}

#[test]
fn an_agent_over_a_serial_line_with_noise_on_it_loses_nothing() {
    let (ours, agents_line) = pseudo_terminal().unwrap();
    let (others, controllers_line) = pseudo_terminal().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    let cable = Cable::new([ours, others], 7);
    let bench = Bench::with_flags(folder, &audit, &["--serial", controllers_line.to_str().unwrap()]);
    let flags = ["--back-off", "200ms", "--parallel", "1"];
    let way = ["--serial", agents_line.to_str().unwrap()];
    let mut agent = bench.agent_over(way, "a", &long_work(15), None, &flags);
    assert_eq!(code(&mut agent), 0);
    let truth = states(&bench.path("a.truth"));
    assert_eq!((truth.len(), bench.history()), (45, truth));
    let words = agent.last_words();
    let noise: u64 = words.split("noise on the line ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    let faults = cable.end();
    assert!(noise > 0 && faults > 5, "{noise} bytes of noise, {faults} bytes spoilt: {words}");
}
