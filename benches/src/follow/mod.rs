//! `follow`: N clients of the live updates, and how soon all of them see a take.
//!
//! Each client is a WebSocket of its own. A driver takes one camera after the other; a take is over when every client has
//! been told that the camera is on air. When a client has a message is when the kernel has its last byte, so that this
//! process's own reading (N sockets on one thread) is not in the figures; its use of the processor is, where the server runs
//! on the same machine.

mod client;
mod commander;
mod takes;

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::json;
use tokio::time::{sleep, timeout};

use self::commander::Commander;
use self::takes::Takes;
use crate::clock;
use crate::limits;
use crate::outcome::{Distribution, Outcome};
use crate::process;
use crate::random::Random;
use crate::run::{self, Load, Plan, RunArgs, Stop, Timeline};
use crate::switch::command::{CommandArgs, Order};
use crate::tally::{add, count_failure};

/// Time over which the clients connect, for each hundred of them.
const SPREAD_PER_HUNDRED: Duration = Duration::from_millis(200);
/// Descriptors for everything but the clients.
const FILES_RESERVED: usize = 64;

/// Options of `follow`.
#[derive(Clone, Debug, Args)]
pub(crate) struct FollowArgs {
    #[command(flatten)]
    command: CommandArgs,
    /// Clients of the live updates.
    #[arg(long, default_value_t = 100, value_name = "N")]
    clients: usize,
    /// Takes; the run ends when they are done.
    #[arg(long, default_value_t = 100, value_name = "N")]
    takes: usize,
    /// Mean time from take to take, in seconds.
    #[arg(long, default_value_t = 0.5, value_name = "SECONDS")]
    every: f64,
    /// A take that not every client has seen after this time has failed, in seconds.
    #[arg(long, default_value_t = 15.0, value_name = "SECONDS")]
    give_up: f64,
    #[command(flatten)]
    run: RunArgs,
}

/// Follows and takes until all takes are done or the run ends.
///
/// # Errors
///
/// If the options contradict each other, the target is not permitted, or not one take was seen by all.
pub(crate) async fn follow(args: &FollowArgs) -> anyhow::Result<Outcome> {
    ensure!((1..=limits::CLIENTS_MAX).contains(&args.clients), "--clients is out of range");
    ensure!((1..=limits::TAKES_MAX).contains(&args.takes), "--takes is out of range");
    ensure!(args.every > 0.0 && args.give_up > 0.0, "times must be positive");
    let files = process::open_files_max().unwrap_or(usize::MAX);
    if args.clients + FILES_RESERVED > files {
        bail!("{} clients but {files} open files: raise it with ulimit -n", args.clients);
    }
    let orders = args.command.orders()?;
    let updates = args.command.updates().context("say --api")?;
    args.run.permit().resolve(&updates.host, updates.port).await?;
    let load = Following { args: args.clone(), orders: Rc::new(orders), takes: Rc::default() };
    // The clients, and the driver as the last one.
    let plan = Plan::new(args.clients + 1, None, args.run.length()?)?;
    let spread = SPREAD_PER_HUNDRED * (args.clients.div_ceil(100) as u32);
    let timeline = run::drive(&load, plan, spread, &args.run.pid).await;
    load.outcome(timeline)
}

struct Following {
    args: FollowArgs,
    orders: Rc<Vec<Order>>,
    takes: Rc<Takes>,
}

impl Load for Following {
    fn start(&self, index: usize, delay: Duration, mut stop: Stop) {
        let (args, takes) = (self.args.clone(), Rc::clone(&self.takes));
        let orders = Rc::clone(&self.orders);
        tokio::task::spawn_local(async move {
            let work = async {
                sleep(delay).await;
                if index < args.clients {
                    client::follow(&args.command, args.run.permit(), &takes).await
                } else {
                    drive(&args, &orders, &takes).await
                }
            };
            tokio::select! {
                result = work => if let Err(error) = result {
                    count_failure(&takes.failures, &error);
                },
                () = stop.stopped() => {}
            }
        });
    }

    fn live(&self) -> usize {
        self.takes.live.get()
    }

    fn progress(&self) -> String {
        format!("{} of {} takes seen by all", self.takes.seen.get(), self.args.takes)
    }

    fn is_done(&self) -> bool {
        self.takes.over.get()
    }
}

/// Takes camera after camera when everybody has come.
async fn drive(args: &FollowArgs, orders: &[Order], takes: &Takes) -> anyhow::Result<()> {
    let commander = Commander::start(args.run.permit())?;
    let mut random = Random::new(args.run.seed);
    while takes.live.get() < args.clients && takes.failures.borrow().is_empty() {
        sleep(Duration::from_millis(50)).await;
    }
    for order in orders.iter().cycle().take(args.takes) {
        sleep(Duration::from_secs_f64(args.every * (0.5 + random.unit()))).await;
        if let Err(error) = take(args, &commander, order, takes).await {
            count_failure(&takes.failures, &error);
        }
    }
    takes.over.set(true);
    Ok(())
}

async fn take(
    args: &FollowArgs,
    commander: &Commander,
    order: &Order,
    takes: &Takes,
) -> anyhow::Result<()> {
    let seen = takes.begin(&order.camera, args.clients, clock::unix_us());
    let answer = commander.take(order).await.context("take")?;
    ensure!(answer.status.is_success(), "take: {}", answer.status);
    takes.answered(&answer);
    if String::from_utf8_lossy(&answer.body).contains("\"cut\":null") {
        add(&takes.on_air_already, 1);
        return Ok(());
    }
    timeout(Duration::try_from_secs_f64(args.give_up)?, seen.notified())
        .await
        .context("not every client has seen the take")?;
    add(&takes.seen, 1);
    Ok(())
}

impl Following {
    fn outcome(self, timeline: Timeline) -> anyhow::Result<Outcome> {
        let takes = &self.takes;
        let failures = takes.failures.take();
        if takes.seen.get() == 0 {
            let why = failures.keys().next().cloned().unwrap_or_default();
            bail!("no take was seen by all clients: {why}");
        }
        Ok(Outcome {
            command: "follow",
            unit: "client",
            settings: vec![
                ("clients", self.args.clients.to_string()),
                ("cameras", self.orders.len().to_string()),
                ("every_s", self.args.every.to_string()),
                ("style", self.args.command.style().to_owned()),
                ("seed", self.args.run.seed.to_string()),
            ],
            figures: vec![
                ("takes_seen_by_all", json!(takes.seen.get())),
                ("takes_on_air_already", json!(takes.on_air_already.get())),
                ("messages", json!(takes.messages.get())),
                ("message_bytes", json!(takes.bytes.get())),
                ("failures", json!(failures.values().sum::<u64>())),
            ],
            distributions: distributions(takes),
            failures: failures.into_iter().collect(),
            timeline,
            run: self.args.run.clone(),
        })
    }
}

fn distributions(takes: &Takes) -> Vec<Distribution> {
    let of = |name, meaning, values: &std::cell::RefCell<_>| {
        Distribution::new(name, meaning, values.take())
    };
    vec![
        of(
            "command_to_answer",
            "from the first byte of the command to the whole answer",
            &takes.to_answer,
        ),
        of(
            "command_to_accepted",
            "from the command to a client's message that the take was accepted, each client",
            &takes.to_accepted,
        ),
        of(
            "command_to_switched",
            "from the command to a client's message that the camera is on air, each client: the cut's wait is in it",
            &takes.to_switched,
        ),
        of(
            "first_to_each_switched",
            "from the first client's message that the camera is on air to each other's",
            &takes.behind_first,
        ),
        of(
            "first_to_last_switched",
            "the same to the last client, each take",
            &takes.first_to_last,
        ),
    ]
}
