//! Writes the first seeds of the corpora: every frame of the test vectors, alone and inside scripts, and scripts of a seeded
//! generator. What the fuzzers find beyond them is added by hand, minimised with `cargo fuzz cmin`.
//!
//!     cd fuzz && cargo run --release --no-default-features --example seeds

use std::fs;
use std::path::Path;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(folder.join("../tests/vectors/frames.jsonl"))?;
    let mut frames = Vec::new();
    for line in text.lines() {
        let vector: serde_json::Value = serde_json::from_str(line)?;
        frames.push(bytes_of(vector["hex"].as_str().unwrap_or_default()));
    }
    let write = |target: &str, name: String, bytes: &[u8]| {
        let corpus = folder.join("corpus").join(target);
        fs::create_dir_all(&corpus)?;
        fs::write(corpus.join(name), bytes)
    };
    for (index, frame) in frames.iter().enumerate().filter(|(_, frame)| frame.len() <= 1_300) {
        write("frames", format!("vector-{index:03}"), frame)?;
    }
    for target in ["agent", "controller", "pair", "journal", "repair"] {
        let mut random = Random(target.len() as u64);
        for index in 0..24 {
            let mut script = Vec::new();
            for _ in 0..8 + random.next() % 120 {
                script.push(random.next() as u8);
                if matches!(target, "agent" | "controller") && random.next() % 16 == 0 {
                    let frame = &frames[random.next() as usize % frames.len()];
                    let length = (frame.len() / 2).min(255);
                    script.extend_from_slice(&[0, length as u8]);
                    script.extend_from_slice(&frame[..length * 2]);
                }
            }
            write(target, format!("script-{index:02}"), &script)?;
        }
    }
    Ok(())
}
