//! Work on many inputs at once, with the results in the order of the inputs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};

use rayon::Scope;

use crate::failure::{Exit, Failure};

/// Does the work for every item, on `jobs` threads (one for each processor where it is not said),
/// and hands each result over as soon as it and all before it are there. Each thread has one item
/// at a time. When handing over fails, no further item is begun.
pub(crate) fn each<'i, T: Sync, R: Send>(
    items: &'i [T],
    jobs: Option<usize>,
    work: impl Fn(&'i T) -> R + Sync,
    mut hand_over: impl FnMut(R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // Starting threads for one item, or for one at a time, would cost more than it gains.
    if items.len() < 2 || jobs == Some(1) {
        return items.iter().try_for_each(|item| hand_over(work(item)));
    }
    match jobs {
        None => rayon::in_place_scope(|scope| {
            on_threads(scope, rayon::current_num_threads(), items, &work, hand_over)
        }),
        Some(jobs) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.min(items.len())).build();
            let pool = pool.map_err(|_| {
                Failure::new(Exit::Usage, "cannot start that many threads")
                    .next_step("Give -j a smaller number")
            })?;
            let threads = pool.current_num_threads();
            pool.in_place_scope(|scope| on_threads(scope, threads, items, &work, hand_over))
        }
    }
}

/// How many items are worked on at a time.
pub(crate) fn threads(items: usize, jobs: Option<usize>) -> usize {
    let most = match jobs {
        None | Some(0) => rayon::current_num_threads(),
        Some(jobs) => jobs,
    };
    most.min(items)
}

fn on_threads<'s, 'i: 's, T: Sync, R: Send + 's>(
    scope: &Scope<'s>,
    threads: usize,
    items: &'i [T],
    work: &'s (impl Fn(&'i T) -> R + Sync),
    hand_over: impl FnMut(R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = mpsc::channel();
    for _ in 0..threads.min(items.len()) {
        let (next, sender) = (next.clone(), sender.clone());
        scope.spawn(move |_| {
            let mut index = next.fetch_add(1, Ordering::Relaxed);
            while let Some(item) = items.get(index)
                && sender.send((index, work(item))).is_ok()
            {
                index = next.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    drop(sender);
    in_sequence(receiver, hand_over)
}

/// Hands over what arrives in any order from 0 on.
fn in_sequence<R>(
    results: Receiver<(usize, R)>,
    mut hand_over: impl FnMut(R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut early = BTreeMap::new();
    let mut due = 0;
    for (index, result) in results {
        early.insert(index, result);
        while let Some(result) = early.remove(&due) {
            hand_over(result)?;
            due += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..40).collect();
        for jobs in [None, Some(1), Some(3)] {
            let mut results = Vec::new();
            let work = |item: &u64| {
                thread::sleep(Duration::from_millis(u64::from(*item == 0) * 30));
                item * 2
            };
            let keep = |result| {
                results.push(result);
                Ok(())
            };
            each(&items, jobs, work, keep).unwrap();
            assert_eq!(results, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_failure_stops_the_work() {
        let items: Vec<u64> = (0..10_000).collect();
        let begun = AtomicUsize::new(0);
        let work = |_: &u64| {
            begun.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(1));
        };
        let refuse = |()| Err(Failure::new(Exit::Io, "full"));
        assert!(each(&items, Some(2), work, refuse).is_err());
        assert!(begun.load(Ordering::Relaxed) < 100);
    }
}
