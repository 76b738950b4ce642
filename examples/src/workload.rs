//! The work of the demo: seeded tasks files with a bit of everything that can become of a process.

use std::fmt::Write;
use std::path::Path;

use fastrand::Rng;

/// Makes the tasks file of one node. `scratch` is a folder in which tasks that fail once leave their note.
pub fn tasks_file(node: &str, count: usize, seed: u64, scratch: &Path) -> String {
    let mut random = Rng::with_seed(seed ^ node.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte)));
    let mut out = format!("# {count} tasks for {node}, seed {seed}\n");
    // The rare and the slow kinds first, one of each, so that no seed leaves them out; then whatever comes.
    for n in 0..count {
        let kind = KINDS.get(n).copied().unwrap_or_else(|| pick(&mut random));
        let name = format!("{}-{n}", kind.name());
        let _ = writeln!(out, "task {name}");
        kind.write(&mut out, &mut random, &scratch.join(format!("{node}-{name}")));
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Quick,
    Progress,
    Fails,
    Signal,
    SecondTry,
    TimeLimit,
    Stubborn,
    Long,
    Cancelled,
    NeverBegun,
    GivenUp,
    NoProgram,
    NoPermission,
    LongMessage,
    NoText,
}

const KINDS: [Kind; 15] = [
    Kind::Long,
    Kind::Stubborn,
    Kind::TimeLimit,
    Kind::Cancelled,
    Kind::NeverBegun,
    Kind::GivenUp,
    Kind::SecondTry,
    Kind::NoProgram,
    Kind::NoPermission,
    Kind::LongMessage,
    Kind::NoText,
    Kind::Signal,
    Kind::Fails,
    Kind::Progress,
    Kind::Quick,
];

fn pick(random: &mut Rng) -> Kind {
    match random.u8(0..100) {
        0..=34 => Kind::Quick,
        35..=54 => Kind::Progress,
        55..=66 => Kind::Fails,
        67..=71 => Kind::Signal,
        72..=79 => Kind::SecondTry,
        80..=84 => Kind::TimeLimit,
        85..=89 => Kind::Cancelled,
        90..=91 => Kind::NeverBegun,
        92..=93 => Kind::GivenUp,
        94..=95 => Kind::NoProgram,
        96..=97 => Kind::LongMessage,
        _ => Kind::NoText,
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Quick => "quick",
            Kind::Progress => "progress",
            Kind::Fails => "fails",
            Kind::Signal => "signal",
            Kind::SecondTry => "second-try",
            Kind::TimeLimit => "time-limit",
            Kind::Stubborn => "stubborn",
            Kind::Long => "long",
            Kind::Cancelled => "cancelled",
            Kind::NeverBegun => "never-begun",
            Kind::GivenUp => "given-up",
            Kind::NoProgram => "no-program",
            Kind::NoPermission => "no-permission",
            Kind::LongMessage => "long-message",
            Kind::NoText => "no-text",
        }
    }

    fn write(self, out: &mut String, random: &mut Rng, note: &Path) {
        let pause = seconds(random.u32(5..120));
        let code = random.u8(1..=120);
        let lines = match self {
            Kind::Quick => format!("  shell sleep {pause}; echo took {pause} s\n"),
            Kind::Progress => format!(
                "  shell for p in 10 40 70 100; do echo progress $p step $p; sleep {}; done; echo all steps\n",
                seconds(random.u32(5..60))
            ),
            Kind::Fails => format!(
                "  shell sleep {pause}; echo begin >&2; echo 'no sensor \"{code}\" here' >&2; exit {code}\n  retries {}\n  retry-after 20ms\n",
                random.u8(0..3)
            ),
            Kind::Signal => format!("  shell sleep {pause}; echo about to die >&2; kill -{} $$\n", ["KILL", "TERM", "ABRT"][random.usize(0..3)]),
            Kind::SecondTry => format!(
                "  shell if mkdir '{}' 2>/dev/null; then sleep {pause}; echo first try >&2; exit {code}; fi; echo second try\n  retries 3\n  retry-after 10ms\n",
                note.display()
            ),
            Kind::TimeLimit => format!("  shell echo progress 5 waiting; sleep 20\n  time-limit {}ms\n  retries {}\n", random.u32(40..200), random.u8(0..2)),
            Kind::Stubborn => "  shell trap '' TERM; echo I stay >&2; while :; do sleep 0.05; done\n  time-limit 100ms\n".into(),
            Kind::Long => "  shell for p in 0 20 40 60 80; do echo progress $p; sleep 1; done; echo progress 100\n".into(),
            Kind::Cancelled => format!("  shell sleep 20\n  cancel-after {}ms\n", random.u32(20..250)),
            Kind::NeverBegun => "  shell sleep 20\n  cancel-after 0\n".into(),
            Kind::GivenUp => format!("  shell exit {code}\n  retries 9\n  retry-after 20s\n  cancel-after {}ms\n", random.u32(50..300)),
            Kind::NoProgram => format!("  command /nonexistent/tool --level {code}\n  retries {}\n", random.u8(0..3)),
            Kind::NoPermission => "  command / \"with an argument\"\n".into(),
            Kind::LongMessage => format!("  shell echo '{}' >&2; exit {code}\n  metadata {}\n", "too long to keep ".repeat(14).trim_end(), "m".repeat(256)),
            Kind::NoText => format!("  shell printf '\\377\\376\\001\"\\\\' >&2; printf '\\200result'; exit {code}\n  metadata not text: \"quoted\" \\ and ümläut\n"),
        };
        out.push_str(&lines);
    }
}

fn seconds(millis: u32) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_file_and_every_kind_is_in_it() {
        let file = |node, seed| tasks_file(node, 80, seed, Path::new("scratch"));
        assert_eq!(file("edge-1", 7), file("edge-1", 7));
        assert_ne!(file("edge-1", 7), file("edge-1", 8));
        assert_ne!(file("edge-1", 7), file("edge-2", 7));
        let text = file("edge-1", 7);
        assert_eq!(text.lines().filter(|line| line.starts_with("task ")).count(), 80);
        for kind in KINDS {
            assert!(text.contains(&format!("task {}-", kind.name())), "{kind:?}");
        }
    }
}
