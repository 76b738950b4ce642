//! Which number the core knows an address by, and back. Bounded: whoever sends from ever new addresses costs no more
//! memory than the bound, and cannot push out those that are heard.

use std::collections::HashMap;
use std::net::SocketAddr;

use taskwire::PeerId;

/// The addresses known.
pub struct Peers {
    most: usize,
    next: u64,
    /// Counts frames: the larger, the more recently heard.
    tick: u64,
    by_address: HashMap<SocketAddr, (PeerId, u64)>,
    addresses: HashMap<PeerId, SocketAddr>,
}

impl Peers {
    /// Nobody yet, and `most` at a time.
    pub fn new(most: usize) -> Peers {
        Peers { most: most.max(2), next: 1, tick: 0, by_address: HashMap::new(), addresses: HashMap::new() }
    }

    /// The number of an address that was just heard.
    pub fn heard(&mut self, address: SocketAddr) -> PeerId {
        self.tick += 1;
        if let Some((peer, heard)) = self.by_address.get_mut(&address) {
            *heard = self.tick;
            return *peer;
        }
        if self.by_address.len() >= self.most {
            self.forget_half();
        }
        let peer = PeerId(self.next);
        self.next += 1;
        self.by_address.insert(address, (peer, self.tick));
        self.addresses.insert(peer, address);
        peer
    }

    /// Where to send what is for this peer; none for one that was forgotten.
    pub fn address(&self, peer: PeerId) -> Option<SocketAddr> {
        self.addresses.get(&peer).copied()
    }

    /// Forgets the half that was heard longest ago: many at once, so that each costs little.
    fn forget_half(&mut self) {
        let mut heard: Vec<u64> = self.by_address.values().map(|(_, heard)| *heard).collect();
        let middle = heard.len() / 2;
        let (_, limit, _) = heard.select_nth_unstable(middle);
        let limit = *limit;
        self.by_address.retain(|_, (_, heard)| *heard >= limit);
        let kept = &self.by_address;
        self.addresses.retain(|_, address| kept.contains_key(address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_number_and_a_flood_of_others_stays_bounded() {
        let mut peers = Peers::new(8);
        let friend: SocketAddr = "192.0.2.1:7400".parse().unwrap();
        let number = peers.heard(friend);
        for port in 1..=1000 {
            peers.heard(SocketAddr::from(([198, 51, 100, 1], port)));
            assert_eq!(peers.heard(friend), number, "one that is heard is kept");
            assert!(peers.by_address.len() <= 8 && peers.addresses.len() == peers.by_address.len());
        }
        assert_eq!(peers.address(number), Some(friend));
        assert_eq!(peers.address(PeerId(2)), None);
    }
}
