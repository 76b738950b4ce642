//! What repairs cost: bytes and processor time for n records of which d differ, beside a whole snapshot and beside two crates
//! that find differences of sets. `reconcile` prints the table; `make figures` has the few rows that goals name.
//!
//!     reconcile          n = 10 k, 100 k, 1 M; d = 0, 10, 100, 1 k, 10 k
//!     reconcile 10000    this n alone

use taskwire_benches::reconcile::{bytes_of_a_digest, do_riblt, negentropy, Pair};

/// Beyond this the crate `do-riblt` takes minutes: its work is records times symbols.
const MOST_FOR_RIBLT: u64 = 200_000_000;

fn main() {
    let asked: Vec<u32> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![10_000, 100_000, 1_000_000] } else { asked };
    println!("A heartbeat that tells that nothing differs: {} bytes more.", bytes_of_a_digest());
    println!("Bytes and milliseconds of both sides; finding, then the whole repair; a whole snapshot; the crates' finding alone.");
    println!(
        "{:>9} {:>6} | {:>9} {:>8} | {:>9} {:>8} | {:>10} {:>8} | {:>9} {:>8} | {:>9} {:>8}",
        "n", "d", "finding", "ms", "repair", "ms", "snapshot", "ms", "negentr.", "ms", "do-riblt", "ms"
    );
    for n in sizes {
        let whole = Pair::new(n, false).repair(1);
        let mut pair = Pair::new(n, true);
        for d in [0u32, 10, 100, 1_000, 10_000] {
            let millis = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
            let cost = if d == 0 { Default::default() } else { pair.repair(d.min(n)) };
            let peer = negentropy(n, d);
            let riblt = (u64::from(n) * u64::from(d) <= MOST_FOR_RIBLT && d > 0).then(|| do_riblt(n, d));
            let riblt = riblt.map_or(format!("{:>9} {:>8}", "-", "-"), |cost| {
                format!("{:>9} {:>8.1}", cost.bytes, millis(cost.time))
            });
            println!(
                "{n:>9} {d:>6} | {:>9} {:>8.1} | {:>9} {:>8.1} | {:>10} {:>8.1} | {:>9} {:>8.1} | {riblt}{}",
                cost.finding_bytes,
                millis(cost.finding),
                cost.finding_bytes + cost.telling_bytes,
                millis(cost.whole),
                whole.telling_bytes,
                millis(whole.whole),
                peer.bytes,
                millis(peer.time),
                if d == 0 || cost.patched { "" } else { "  (all was told)" }
            );
        }
    }
}
