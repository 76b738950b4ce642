//! A controller in Rust, whole: UDP, one thread. It is the second program of the README, and shows the loop that every
//! host has; `controller.rs` is what one looks like that serves many nodes. It ends when its agent has said goodbye.
//!
//!     hello_controller ADDRESS AUDIT_FILE

use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{bail, Result};
use taskwire::{Controller, ControllerConfig, ControllerEvent as Event, Instant, PeerId};
use taskwire_examples::clock;

/// Receives until it is time for the core again; gives the peer's place in `address_of`.
fn recv_until(
    socket: &UdpSocket,
    address_of: &mut Vec<SocketAddr>,
    deadline: Option<Instant>,
    frame: &mut [u8],
) -> Result<Option<(PeerId, usize)>> {
    let wait = clock::until(deadline.map(Instant::as_micros), Duration::from_secs(1));
    socket.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
    let Ok((length, from)) = socket.recv_from(frame) else { return Ok(None) };
    let place = address_of.iter().position(|address| *address == from).unwrap_or_else(|| {
        address_of.push(from);
        address_of.len() - 1
    });
    Ok(Some((PeerId(place as u64), length)))
}

fn run(address: &str, audit_file: &str) -> Result<()> {
    let socket = UdpSocket::bind(address)?;
    let mut address_of = Vec::new();
    let mut audit = File::create(audit_file)?;
    let mut frame = [0u8; 65_507];
    println!("listening on {}", socket.local_addr()?);

    let seed = clock::boot_micros(); // a program that may run twice at a time takes a random one
    let mut controller = Controller::new(ControllerConfig::new("controller")?.term(1), seed)?;
    let mut left = None;
    while left.is_none() {
        let now = clock::now();
        while let Some((peer, length)) = controller.poll_transmit(now, &mut frame)? {
            socket.send_to(&frame[..length], address_of[peer.0 as usize])?;
        }
        while let Some(event) = controller.poll_event() {
            match event {
                Event::Transition { transition: t, .. } => writeln!(audit, "{} #{} {}", t.task, t.number, t.state)?,
                Event::NodeLost { tasks_stale, .. } => println!("the node is lost, {tasks_stale} tasks are stale"),
                Event::CommitDue { node, position } => {
                    audit.sync_data()?;
                    let _ = controller.commit(node, position); // refused if the history changed meanwhile: another is due
                }
                Event::NodeLeft { node } => left = Some(node),
                _ => {}
            }
        }
        if let Some((peer, length)) = recv_until(&socket, &mut address_of, controller.next_timeout(), &mut frame)? {
            let _ = controller.receive(clock::now(), peer, &frame[..length]); // an error is counted, and says why
        }
        controller.handle_timeout(clock::now());
    }
    let Some(node) = left else { bail!("no node has left") };
    for task in controller.view().tasks_of(node) {
        println!("{} {} attempt {} {}", task.id(), task.state(), task.attempt(), task.freshness(clock::now()));
    }
    Ok(())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, audit_file] = &words[..] else {
        eprintln!("hello_controller: expected ADDRESS AUDIT_FILE");
        return ExitCode::from(2);
    };
    match run(address, audit_file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hello_controller: {error:#}");
            ExitCode::from(1)
        }
    }
}
