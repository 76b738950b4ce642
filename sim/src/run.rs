//! Many seeds on several threads, with the same result whatever the number of threads: counts are sums, and of failures
//! the one of the smallest seed is told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Mutex;

use crate::summary::Counts;
use crate::trace::Trace;
use crate::world::{Options, Outcome, World};

/// One seed.
pub fn one(seed: u64, options: &Options) -> Outcome {
    World::new(seed, Trace::silent(), options.clone()).run()
}

/// A seed that failed, and why.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The seed.
    pub seed: u64,
    /// What was found.
    pub text: String,
}

/// What many seeds gave.
#[derive(Debug, Default)]
pub struct Result {
    /// Their counts.
    pub counts: Counts,
    /// Failures by rising seed.
    pub failed: Vec<Failed>,
}

/// Runs the seeds from `first` to `last`; after the first failure no further ones are begun, unless `all` is asked for.
pub fn many(first: u64, last: u64, jobs: usize, options: &Options, all: bool) -> Result {
    let next = AtomicU64::new(first);
    let stop = AtomicBool::new(false);
    let sum = Mutex::new(Result::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                let mut counts = Counts::default();
                let mut failed = Vec::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last || stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let mut outcome = one(seed, options);
                    if seed % 100 == 0 && outcome.failure.is_none() {
                        let again = one(seed, options);
                        if again.hash != outcome.hash {
                            let text = format!("the trace hash is {:016x}, and then {:016x}", outcome.hash, again.hash);
                            failed.push(Failed { seed, text: format!("same-calls-same-bytes: {text}") });
                            stop.store(!all, Ordering::Relaxed);
                        }
                    }
                    outcome.counts.seeds = 1;
                    counts.add(&outcome.counts);
                    if let Some(failure) = outcome.failure {
                        failed.push(Failed { seed, text: failure.to_string() });
                        stop.store(!all, Ordering::Relaxed);
                    }
                }
                let mut sum = sum.lock().expect("no thread panics while it holds this");
                sum.counts.add(&counts);
                sum.failed.append(&mut failed);
            });
        }
    });
    let mut sum = sum.into_inner().expect("no thread panics while it holds this");
    sum.failed.sort_by_key(|f| f.seed);
    sum
}
