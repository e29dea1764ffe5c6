//! How many connections there may be: so many in all, and no address has more than
//! half of them. Whoever connects without end shuts out nobody else.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The seats there are.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    most: u32,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    by: HashMap<IpAddr, u32>,
}

/// One connection's seat, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    of: Seats,
    address: IpAddr,
}

impl Seats {
    /// So many seats; at least two.
    pub(super) fn new(most: u32) -> Self {
        Self {
            most: most.max(2),
            taken: Arc::default(),
        }
    }

    /// A seat for a connection from there; `None` when there is none left for it.
    pub(super) fn take(&self, address: IpAddr) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.by.get(&address).copied().unwrap_or_default();
        if taken.all >= self.most || own >= self.most / 2 {
            return None;
        }
        taken.all += 1;
        taken.by.insert(address, own + 1);
        Some(Seat {
            of: self.clone(),
            address,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let taken = &mut *self.of.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        let Some(own) = taken.by.get_mut(&self.address) else {
            return;
        };
        *own -= 1;
        if *own == 0 {
            taken.by.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn nobody_takes_the_seats_of_all_others() {
        let seats = Seats::new(5);
        let held: Vec<_> = (0..9).filter_map(|_| seats.take(ip(1))).collect();
        assert_eq!(held.len(), 2);
        assert!(seats.take(ip(2)).is_some());
    }

    #[test]
    fn there_are_no_more_than_there_are() {
        let seats = Seats::new(4);
        let held: Vec<_> = (0..9).filter_map(|last| seats.take(ip(last))).collect();
        assert_eq!(held.len(), 4);
    }

    #[test]
    fn a_seat_that_was_left_is_free_and_forgotten() {
        let seats = Seats::new(2);
        for _ in 0..3 {
            let seat = seats.take(ip(1)).unwrap();
            assert!(seats.take(ip(1)).is_none());
            drop(seat);
        }
        assert!(seats.taken.lock().unwrap().by.is_empty());
    }
}
