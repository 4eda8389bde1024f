//! weave: the demonstration app of tower-silk.
//!
//! People, threads and messages behind an API that has the faults of many APIs: a query per row,
//! a wait for a connection, an error within a transaction. `cargo run -p weave -- --demo`, then
//! open the dashboard that it prints.

mod cli;
mod demo;

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::Parser as _;
use cli::{Capture, Cli, PlanChoice, Switch};
use tower_silk::{Plans, Silk};
use weave::{database, routes};

/// How long open connections and unwritten records may hold up the end of the process.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program says why it ends")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weave: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let silk = match cli.capture {
        Capture::Off => None,
        Capture::Layer | Capture::Pool => Some(
            Silk::builder()
                .sqlite(&cli.store)
                .service("weave")
                // A demonstration shows them, in release builds too.
                .response_headers(true)
                // sqlx's events do not tell; the pools of Silk know by themselves.
                .database(database::kind_of(&cli.database)?)
                .plans(match cli.plans {
                    PlanChoice::Off => Plans::off(),
                    PlanChoice::OnDemand => Plans::on_demand(),
                    PlanChoice::Automatic | PlanChoice::Real => Plans::automatic(),
                })
                .build()
                .await?,
        ),
    };
    if let (Some(silk), Switch::On) = (&silk, cli.subscriber) {
        silk.init_tracing();
    }

    let pools = silk.as_ref().filter(|_| cli.capture == Capture::Pool);
    let tells_plans = pools.filter(|_| cli.plans == PlanChoice::Real);
    let database = database::open(&cli.database, cli.connections, tells_plans).await?;
    if cli.indexed {
        database.add_index().await?;
    }
    let mut app = routes::router(database, pools);
    if let Some(silk) = &silk {
        app = app
            .nest_service("/silk", silk.dashboard())
            .layer(silk.layer());
    }
    let listener = tokio::net::TcpListener::bind(cli.listen).await?;
    let address = reachable(listener.local_addr()?);
    greet(address, silk.as_ref());
    if cli.demo {
        tokio::spawn(async move {
            if let Err(error) = demo::run(address).await {
                tracing::warn!(%error, "the demonstration stopped");
            }
        });
    }

    let serve = axum::serve(listener, app).with_graceful_shutdown(asked_to_stop());
    tokio::select! {
        served = serve => served?,
        () = async { asked_to_stop().await; tokio::time::sleep(PATIENCE).await } => {}
    }
    if let Some(silk) = silk {
        silk.shutdown(PATIENCE).await;
    }
    Ok(())
}

/// An address that a browser on this machine can open.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    address
}

#[expect(clippy::print_stdout, reason = "a program says where it is")]
fn greet(address: SocketAddr, silk: Option<&Silk>) {
    println!("weave listens on http://{address}");
    match silk {
        Some(silk) => println!("dashboard http://{address}/silk?token={}", silk.token()),
        None => println!("silk is off"),
    }
    println!("try       curl http://{address}/api/messages/list_some");
}

/// Resolves at SIGINT or SIGTERM.
async fn asked_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
