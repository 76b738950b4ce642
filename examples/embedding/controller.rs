//! A controller, whole: UDP, one thread, until so many nodes have left. controller ADDRESS AUDIT_FILE NODES

use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use taskwire::{Controller, ControllerConfig, ControllerEvent as Event, Instant, PeerId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, audit_file, nodes] = &words[..] else { return Err("expected ADDRESS AUDIT_FILE NODES".into()) };
    let (socket, mut to_leave) = (UdpSocket::bind(address)?, nodes.parse::<u32>()?);
    let mut audit = std::fs::OpenOptions::new().create(true).append(true).open(audit_file)?;
    println!("listening on {}", socket.local_addr()?);

    // A controller may stand still while its machine sleeps; an agent's clock may not.
    let (began, since_1970) = (Clock::now(), SystemTime::now().duration_since(UNIX_EPOCH)?);
    let now = || Instant::from_micros(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));

    // The term is larger at each start, as the epoch of an agent is; the seed has to be fresh.
    let mut config = ControllerConfig::new("controller")?.term(since_1970.as_secs());
    config.wall_clock_offset = u64::try_from(since_1970.as_millis())?;
    let mut controller = Controller::new(config, since_1970.as_nanos() as u64)?;
    let mut peers: Vec<SocketAddr> = Vec::new(); // the host's own numbers: a real one bounds them
    let mut frame = [0u8; 65_507];

    while to_leave > 0 {
        // After any call that may have changed something: what there is to know,
        while let Some(event) = controller.poll_event() {
            match event {
                Event::Transition { transition: t, .. } => writeln!(audit, "{} #{} {}", t.task, t.number, t.state)?,
                Event::CommitDue { node, position } => {
                    audit.sync_data()?; // from the commit on the agent may forget it
                    let _ = controller.commit(node, position); // refused if the history changed: another is due then
                }
                Event::NodeLost { tasks_stale, .. } => println!("a node is lost, {tasks_stale} of its tasks are stale"),
                Event::NodeLeft { .. } => to_leave -= 1,
                _ => {}
            }
        }
        // and what is to be sent; then sleep until a frame comes or it is time.
        while let Some((peer, length)) = controller.poll_transmit(now(), &mut frame)? {
            let _ = socket.send_to(&frame[..length], peers[peer.0 as usize]); // a lost frame is a lost frame
        }
        let until = controller.next_timeout().map_or(Duration::from_secs(1), |at| at.since(now()));
        socket.set_read_timeout(Some(until.clamp(Duration::from_millis(1), Duration::from_secs(1))))?;
        if let Ok((length, from)) = socket.recv_from(&mut frame) {
            let peer = peers.iter().position(|known| *known == from).unwrap_or_else(|| {
                peers.push(from);
                peers.len() - 1
            });
            let _ = controller.receive(now(), PeerId(peer as u64), &frame[..length]);
            // an error is counted, and says why
        }
        controller.handle_timeout(now());
    }
    for node in controller.view().nodes() {
        for task in node.tasks() {
            println!("{} {} {} attempt {}", node.name(), task.id(), task.state(), task.attempt());
        }
    }
    Ok(())
}
