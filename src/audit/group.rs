//! Group commit: threads that come while one is writing share the next write.
//!
//! Rules: the first who comes leads, and works for all who wait; each waits for the work on its own
//! item; who led hands over before it tells the others, so that the next write does not wait for
//! them. A leader that panics takes its group with it, and nobody else.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::vec::IntoIter;

/// Most items of a group: at most 128 MiB of the longest events, two an item, in one transaction.
pub(super) const MAX_GROUP: usize = 64;

/// Items that wait, and whether somebody leads.
#[derive(Debug)]
pub(super) struct Groups<T, R>(Mutex<Queue<T, R>>);

#[derive(Debug)]
struct Queue<T, R> {
    waiting: VecDeque<(T, Arc<Turn<R>>)>,
    led: bool,
}

impl<T, R> Default for Groups<T, R> {
    fn default() -> Self {
        Self(Mutex::new(Queue { waiting: VecDeque::new(), led: false }))
    }
}

impl<T, R> Groups<T, R> {
    /// Has `item` worked on, by this thread or another, and gives back its result. `work` takes items
    /// in the order in which they came, and gives back a result for each. `None`: it panicked.
    pub(super) fn run(&self, item: T, work: impl FnOnce(Vec<T>) -> Vec<R>) -> Option<R> {
        let turn = Arc::new(Turn::new());
        let leads = {
            let mut queue = self.queue();
            queue.waiting.push_back((item, Arc::clone(&turn)));
            !mem::replace(&mut queue.led, true)
        };
        if !leads && let Told::Done(result) = turn.wait() {
            return result;
        }
        let (items, turns) = {
            let mut queue = self.queue();
            let count = queue.waiting.len().min(MAX_GROUP);
            queue.waiting.drain(..count).unzip()
        };
        let mut lead = Lead { groups: self, turns, results: Vec::new().into_iter() };
        lead.results = work(items).into_iter();
        drop(lead);
        match turn.wait() {
            Told::Done(result) => result,
            // INVARIANT: who leads is first in its own group, and is told its result by it.
            Told::Nothing | Told::Lead => None,
        }
    }

    /// INVARIANT: the queue is whole after every statement.
    fn queue(&self) -> MutexGuard<'_, Queue<T, R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group that is being worked on. Dropped, also by a panic, it hands over and tells its members.
struct Lead<'g, T, R> {
    groups: &'g Groups<T, R>,
    turns: Vec<Arc<Turn<R>>>,
    results: IntoIter<R>,
}

impl<T, R> Drop for Lead<'_, T, R> {
    fn drop(&mut self) {
        {
            let mut queue = self.groups.queue();
            match queue.waiting.front() {
                Some((_, next)) => next.tell(Told::Lead),
                None => queue.led = false,
            }
        }
        for turn in self.turns.drain(..) {
            turn.tell(Told::Done(self.results.next()));
        }
    }
}

/// Where one thread waits.
#[derive(Debug)]
struct Turn<R> {
    told: Mutex<Told<R>>,
    changed: Condvar,
}

#[derive(Debug)]
enum Told<R> {
    Nothing,
    Lead,
    Done(Option<R>),
}

impl<R> Turn<R> {
    const fn new() -> Self {
        Self { told: Mutex::new(Told::Nothing), changed: Condvar::new() }
    }

    fn tell(&self, what: Told<R>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = what;
        self.changed.notify_one();
    }

    fn wait(&self) -> Told<R> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = self.changed.wait_while(told, |told| matches!(told, Told::Nothing));
        mem::replace(&mut *told.unwrap_or_else(PoisonError::into_inner), Told::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    /// The first leader works until all others wait; then they are worked on in full groups.
    #[test]
    fn who_waits_shares_the_next_write() {
        const WAITING: usize = 2 * MAX_GROUP + 5;
        let groups = Groups::<usize, usize>::default();
        let sizes = Mutex::new(Vec::new());
        let begun = Barrier::new(2);
        let double = |items: Vec<usize>| {
            sizes.lock().unwrap().push(items.len());
            items.into_iter().map(|item| 2 * item).collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let first = groups.run(0, |items| {
                    begun.wait();
                    while groups.queue().waiting.len() < WAITING {
                        thread::yield_now();
                    }
                    double(items)
                });
                assert_eq!(first, Some(0));
            });
            begun.wait();
            for item in 1..=WAITING {
                let (groups, double) = (&groups, &double);
                scope.spawn(move || assert_eq!(groups.run(item, double), Some(2 * item)));
            }
        });
        assert_eq!(*sizes.lock().unwrap(), [1, MAX_GROUP, MAX_GROUP, 5]);
        assert!(!groups.queue().led);
    }

    /// Those in the group of a leader that panics get nothing; those behind it go on.
    #[test]
    fn a_panic_fails_its_group_and_no_other() {
        let groups = Groups::<usize, usize>::default();
        let (begun, led) = (Barrier::new(2), AtomicUsize::new(0));
        let work = |items: Vec<usize>| {
            // The second group panics.
            assert_ne!(led.fetch_add(1, Ordering::SeqCst), 1, "a panic for the test");
            items
        };
        let outcomes: Vec<_> = thread::scope(|scope| {
            scope.spawn(|| {
                groups.run(0, |items| {
                    begun.wait();
                    while groups.queue().waiting.len() < MAX_GROUP + 3 {
                        thread::yield_now();
                    }
                    work(items)
                })
            });
            begun.wait();
            let threads = (1..=MAX_GROUP + 3).map(|item| {
                let (groups, work) = (&groups, &work);
                scope.spawn(move || groups.run(item, work))
            });
            threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join()).collect()
        });
        let panicked = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        let failed = outcomes.iter().filter(|outcome| matches!(outcome, Ok(None))).count();
        let worked = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count();
        assert_eq!((panicked, failed, worked), (1, MAX_GROUP - 1, 3));
        assert_eq!(groups.run(7, |items| items), Some(7));
    }
}
