use receivers::Orders;
use std::io::Read as _;
use tarspay::CallbackVerifier;
use tiny_http::{Method, Request, Response, Server};

fn notify(mut request: Request, verifier: &CallbackVerifier, orders: &Orders) -> std::io::Result<()> {
    let header = request.headers().iter().find(|header| header.field.equiv("X-RESP-SIGNATURE"));
    let signature = header.map(|header| header.value.to_string());
    let (mut body, most) = (Vec::new(), verifier.limit() as u64 + 1);
    request.as_reader().take(most).read_to_end(&mut body)?;
    let is_post = *request.method() == Method::Post;
    let receive = || orders.receive(verifier, signature.as_deref(), &body);
    let (status, text) = if is_post { receive() } else { (405, "callbacks are POST requests") };
    request.respond(Response::from_string(text).with_status_code(status))
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (verifier, orders) = (CallbackVerifier::from_env()?.prepared(), Orders::open()?);
    let server = Server::http(std::env::args().nth(1).unwrap_or("127.0.0.1:8788".into()))?;
    println!("http://{}/tarspay/notify", server.server_addr());
    let serve = || server.incoming_requests().for_each(|request| drop(notify(request, &verifier, &orders)));
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(serve))));
    Ok(())
}
