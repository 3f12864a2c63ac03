//! Commands one take after the other, and watches for what they do.

use std::rc::Rc;
use std::time::Duration;

use anyhow::anyhow;
use tokio::time::{Instant, sleep, timeout};

use super::command::{Order, Plan};
use super::takes::Takes;
use crate::clock;
use crate::http::Client;
use crate::random::Random;
use crate::tally::count_failure;
use crate::watch::follow::Update;
use crate::watch::scan;
use crate::watch::stats::ViewerStats;
use crate::watch::viewer::{Arrived, Observer};

/// Takes camera after camera.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) orders: Vec<Order>,
    pub(super) client: Client,
    pub(super) takes: Rc<Takes>,
    /// Takes to make.
    pub(super) wanted: usize,
    /// Mean time from take to take.
    pub(super) every_s: f64,
    pub(super) give_up: Duration,
    pub(super) seed: u64,
}

impl Driver {
    /// Makes all takes, then waits for ever.
    pub(super) async fn run(&self) {
        let mut random = Random::new(self.seed);
        self.takes.part_came().await;
        let mut next = 0;
        while self.takes.made() < self.wanted {
            sleep(Duration::from_secs_f64(self.every_s * (0.5 + random.unit()))).await;
            // The camera on air would be no take.
            if self.orders.get(next).map(|order| order.number) == self.takes.on_air() {
                next = (next + 1) % self.orders.len();
            }
            if let Some(order) = self.orders.get(next) {
                self.take(order).await;
            }
            next = (next + 1) % self.orders.len();
        }
        std::future::pending().await
    }

    async fn take(&self, order: &Order) {
        let takes = &self.takes;
        takes.command(order.number, Instant::now(), clock::unix_us());
        match self.client.post(&order.url, &order.post).await {
            Ok(answer) if answer.status.is_success() => {
                takes.answer(answer.done, Plan::of(&answer.body));
            }
            Ok(answer) => {
                let text = String::from_utf8_lossy(&answer.body);
                let text: String = text.chars().take(200).collect();
                count_failure(&takes.failures, &anyhow!("take: {} {text}", answer.status));
                return takes.give_up(&takes.refused);
            }
            Err(error) => {
                count_failure(&takes.failures, &error.context("take"));
                return takes.give_up(&takes.refused);
            }
        }
        let seen = async {
            while takes.is_pending() {
                takes.part_came().await;
            }
        };
        if timeout(self.give_up, seen).await.is_err() {
            takes.give_up(&takes.never_seen);
        }
    }
}

/// A viewer that also looks for the camera of the pending take.
#[derive(Debug)]
pub(super) struct SwitchObserver {
    pub(super) viewer: ViewerStats,
    pub(super) takes: Rc<Takes>,
}

impl Observer for SwitchObserver {
    fn opened(&self, hold_back: Duration) {
        self.viewer.opened(hold_back);
    }

    fn playlist(&self, update: &Update) {
        self.viewer.playlist(update);
    }

    fn piece(&self, arrived: &Arrived) {
        let markers = scan::markers(&arrived.answer.body);
        self.takes.part(arrived.list_begun, arrived.listed, arrived.answer.done, &markers);
        self.viewer.piece(arrived);
    }

    fn skipped(&self, count: u64) {
        self.viewer.skipped(count);
    }

    fn gap(&self, duration: Duration) {
        self.viewer.gap(duration);
    }

    fn failed(&self, error: anyhow::Error) {
        self.viewer.failed(error);
    }
}
