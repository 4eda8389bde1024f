//! A little traffic to itself.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What is asked for, and how often.
const VISITS: [(&str, usize); 9] = [
    ("/hello", 20),
    ("/api/messages/list_some", 5),
    ("/api/messages/list_some_joined", 10),
    ("/api/parallel", 5),
    ("/api/stream?limit=200", 3),
    ("/api/error", 2),
    ("/api/pool_wait", 2),
    ("/api/threads/prefetched", 2),
    ("/api/threads", 1),
];

/// Sends the visits, one after another, and some messages.
pub(crate) async fn run(address: SocketAddr) -> std::io::Result<usize> {
    let mut sent = 0;
    for (path, times) in VISITS {
        for _ in 0..times {
            send(address, &format!("GET {path} HTTP/1.1\r\n"), "").await?;
            sent += 1;
        }
    }
    for person in 1..=3 {
        let body = serde_json::json!({
            "text": "sent by the demonstration", "sent_by_id": person, "thread_id": 1,
        });
        let head = "POST /api/messages HTTP/1.1\r\nContent-Type: application/json\r\n";
        send(address, head, &body.to_string()).await?;
        sent += 1;
    }
    Ok(sent)
}

async fn send(address: SocketAddr, head: &str, body: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "{head}Host: {address}\r\nUser-Agent: weave-demo\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(())
}
