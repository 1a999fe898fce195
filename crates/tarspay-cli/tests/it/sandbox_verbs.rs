//! The verbs of `tarspay sandbox`, from another terminal: how they find a sandbox that runs, what
//! each does to it, and what they refuse.

use crate::running::Running;
use crate::terminal::{HOSTILE, escaped};
use crate::{Done, Files, as_argument, run, tarspay, text};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tarspay::sign::PrivateKey;
use tarspay::types::{Amount, DepositRequest, NotifyUrl, WithdrawalRequest, market::kenya};
use tarspay::{Client, Credentials};

/// A user with folders of their own, in which they run sandboxes.
struct User(Files);

impl User {
    fn new() -> Self {
        Self(Files::new())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = tarspay(&[&["sandbox"], args].concat());
        command.env("XDG_RUNTIME_DIR", self.0.path("run")).env("XDG_STATE_HOME", self.0.path("state"));
        command
    }

    fn start(&self, args: &[&str]) -> (Running, Value) {
        let running = Running::start_command(&mut self.command(&[args, &["--json"]].concat()));
        let ready = serde_json::from_str(&running.ready).unwrap();
        (running, ready)
    }

    fn run(&self, args: &[&str]) -> Done {
        run(&mut self.command(args))
    }

    /// What a verb shows as JSON.
    fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).succeeded().json()
    }

    fn files(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.0.path("run/tarspay/sandboxes")).unwrap();
        folder.map(|file| file.unwrap().path()).collect()
    }
}

fn client(ready: &Value) -> Client {
    let key = PrivateKey::from_hex(text(ready, "private_key")).unwrap();
    let credentials = Credentials::new(text(ready, "merchant_no").parse().unwrap(), key);
    Client::builder(credentials).base_url(text(ready, "base_url")).build().unwrap()
}

fn nowhere() -> NotifyUrl {
    NotifyUrl::new("https://127.0.0.1/notify").unwrap()
}

async fn deposit(ready: &Value, number: &str) {
    deposit_to(ready, number, nowhere()).await;
}

async fn deposit_to(ready: &Value, number: &str, notify_url: NotifyUrl) {
    let (way, amount) = (kenya::way::CASHIER, Amount::parse("1500").unwrap());
    let number = number.parse().unwrap();
    client(ready)
        .place_deposit(&DepositRequest::new(number, way, kenya::CURRENCY, amount, notify_url))
        .await
        .unwrap();
}

async fn withdrawal(ready: &Value, number: &str) {
    let (way, amount) = (kenya::way::EWALLET_MPESA, Amount::parse("200").unwrap());
    let number = number.parse().unwrap();
    let mut request = WithdrawalRequest::new(number, way, kenya::CURRENCY, amount, nowhere());
    request.customer_contact = Some("254115555076".into());
    client(ready).place_withdrawal(&request).await.unwrap();
}

#[tokio::test]
async fn each_step_moves_an_order_by_either_number() {
    let user = User::new();
    let (_running, ready) = user.start(&["start"]);
    for number in ["D1", "D2", "D3", "D4"] {
        deposit(&ready, number).await;
    }
    for number in ["W1", "W2"] {
        withdrawal(&ready, number).await;
    }
    for (args, state) in [
        (&["part", "D1", "400"][..], 9),
        (&["pay", "D1"], 2),
        (&["refund", "D1"], 5),
        (&["fail", "D2", "--reason", "wrong PIN"], 3),
        (&["expire", "D3"], 6),
        (&["pay", "W1"], 2),
        (&["reject", "W2"], 8),
    ] {
        let order = user.json(args);
        assert_eq!(
            (&order["merchant_order_no"], &order["state"]),
            (&json!(args[1]), &json!(state)),
            "{order}"
        );
    }
    let orders = user.json(&["orders", "--last", "3"])["orders"].clone();
    let numbers: Vec<_> =
        orders.as_array().unwrap().iter().map(|order| text(order, "merchant_order_no")).collect();
    assert_eq!(numbers, ["D4", "W1", "W2"]);
    // By the gateway's number, shown for people.
    let id = text(&orders[0], "pay_order_id");
    let done = user.run(&["pay", id]).succeeded();
    for words in [id, "D4", "1500", "2 (success)"] {
        assert!(done.stdout.contains(words), "{done:?}");
    }
    let listed = user.run(&["orders", "--state", "3"]).succeeded().stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("D2") && listed.contains("3 ("), "{listed}");
}

#[tokio::test]
async fn a_step_that_cannot_be_taken_says_what_there_is_and_what_can_be_done() {
    let user = User::new();
    let (_running, ready) = user.start(&[]);
    user.run(&["pay", "D1"]).failed(1, &["no order D1", "there are none yet"]);
    deposit(&ready, "D1").await;
    user.run(&["pay", "D2"]).failed(1, &["no order D2", "the latest are D1 (P"]);
    user.run(&["pay", ""]).failed(1, &["no order", "D1"]);
    user.run(&["pay", "../health?x=1 /"]).failed(1, &["no order ../health?x=1 /", "D1"]);
    user.run(&["part", "D1", "1500"]).failed(1, &["less than 1500"]);
    user.run(&["part", "D1", "much"]).failed(1, &["\"amount\" cannot be used"]);
    user.run(&["reject", "D1"]).failed(1, &["cannot change to 8", "it can change to", "2 (success)"]);
    user.run(&["pay", "D1"]).succeeded();
    let error = user.run(&["expire", "D1", "--json"]).failed(1, &["5 ("]).error();
    assert_eq!(error["kind"], "invalid_transition");
    user.run(&["resend", "7"]).failed(1, &["no callback 7", "`tarspay sandbox callbacks` lists them"]);
    for (args, word) in [
        (&["pay"][..], "<ORDER>"),
        (&["part", "D1"], "<AMOUNT>"),
        (&["resend", "x"], "<ID>"),
        (&["clock", "advance", "soon"], "<TIME>"),
        (&["steal"], "steal"),
    ] {
        user.run(args).failed(2, &[word]);
    }
    user.run(&["--listen", "127.0.0.1:0", "orders"]).failed(2, &["`sandbox start`"]);
    user.run(&["start", "--sandbox", "x"]).failed(2, &["--name"]);
}

#[tokio::test]
async fn texts_from_outside_reach_the_terminal_escaped() {
    let user = User::new();
    let (_running, ready) = user.start(&[]);
    for args in [&["pay", HOSTILE][..], &["fault", "add", HOSTILE], &["scenario", "clear", HOSTILE]] {
        for json in [&[][..], &["--json"]] {
            let done = user.run(&[args, json].concat());
            assert_eq!(done.code, Some(1), "{done:?}");
            assert!(!done.stderr.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{done:?}");
        }
    }
    // A server of callbacks responds with it.
    let shop = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify", shop.local_addr().unwrap());
    let serve = std::thread::spawn(move || {
        let (mut stream, _) = shop.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let head = format!("HTTP/1.1 500 X\r\nContent-Length: {}\r\n\r\n", HOSTILE.len());
        stream.write_all((head + HOSTILE).as_bytes()).unwrap();
    });
    deposit_to(&ready, "D1", NotifyUrl::new(&url).unwrap()).await;
    user.run(&["pay", "D1"]).succeeded();
    escaped(&user.run(&["callbacks", "--settle"]).succeeded());
    escaped(&user.run(&["callbacks", "--json"]).succeeded());
    serve.join().unwrap();
}

#[tokio::test]
async fn callbacks_are_listed_and_sent_again() {
    let user = User::new();
    let (_running, ready) = user.start(&[]);
    assert!(user.run(&["callbacks"]).succeeded().stdout.starts_with("No callbacks."));
    deposit(&ready, "D1").await;
    deposit(&ready, "D2").await;
    user.run(&["pay", "D1"]).succeeded();
    user.run(&["pay", "D2"]).succeeded();
    let of_one = user.json(&["callbacks", "D2", "--settle"])["callbacks"].clone();
    assert_eq!((of_one.as_array().unwrap().len(), &of_one[0]["id"]), (1, &json!(2)));
    let listed = user.run(&["callbacks"]).succeeded().stdout;
    assert!(listed.contains("undeliverable") && listed.contains("http only"), "{listed}");
    assert_eq!(user.json(&["resend", "2"])["id"], 2);
    user.run(&["callbacks", "D3"]).failed(1, &["no order D3", "D2 (P"]);
}

#[test]
fn faults_are_added_as_flags_and_as_json_and_unknown_ones_have_a_nearest_name() {
    let user = User::new();
    let (_running, _) = user.start(&[]);
    let path = "/api/pay/unifiedOrder";
    let fault = user.json(&[
        "fault",
        "add",
        "drop-connection",
        "--after-commit",
        "--path",
        path,
        "--times",
        "3",
        "--merchant-order-no",
        "7",
    ]);
    assert_eq!(
        fault,
        json!({ "id": 1, "kind": "drop_connection", "after_commit": true, "path": path, "merchant_order_no": "7",
            "times_left": 3, "what": "drop the connection after the commit" })
    );
    let refuse = user.json(&["fault", "add", "refuse", "--code", "-1", "--always"]);
    assert_eq!((&refuse["code"], &refuse["times_left"]), (&json!(-1), &Value::Null));
    let delay = user.json(&["fault", "add", r#"{"kind":"delay","millis":5}"#, "--times", "2"]);
    assert_eq!((&delay["millis"], &delay["times_left"]), (&json!(5), &json!(2)));
    let listed = user.run(&["fault", "list"]).succeeded().stdout;
    assert_eq!(listed.lines().count(), 4, "{listed}");
    assert!(listed.contains("drop the connection after the commit") && listed.contains("always"), "{listed}");
    assert_eq!(user.json(&["fault", "clear", "2"])["faults"].as_array().unwrap().len(), 2);
    user.run(&["fault", "clear", "2"]).failed(1, &["no fault 2", "fault list"]);
    assert_eq!(user.run(&["fault", "clear"]).succeeded().stdout, "No faults.\n");
    for (args, code, words) in [
        (&["drop_conection"][..], 1, &["did you mean drop_connection?"][..]),
        (&["rain"], 1, &["must be one of delay, drop_connection", "fault add --help"]),
        (&["delay"], 1, &["\"millis\" is missing", "--millis MILLIS"]),
        (&["delay", "--copies", "3"], 1, &["\"copies\" is not known here"]),
        (&["delay", "--milis", "3"], 2, &["--milis", "--millis"]),
        (&[r#"{"kind":"delay","milis":5}"#], 1, &["\"milis\" is not known", "did you mean millis?"]),
        (
            &[r#"{"kind":"delay","millis":5}"#, "--millis", "6"],
            2,
            &["--millis is also a member of the JSON object"],
        ),
        (&["{kind"], 2, &["not JSON"]),
    ] {
        user.run(&[&["fault", "add"], args].concat()).failed(code, words);
    }
    // The help and the completions have the kinds that the sandbox has.
    let help = user.run(&["fault", "add", "-h"]).succeeded().stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let refused = user.run(&["fault", "add", "rain"]).stderr;
    let kinds = refused.split("must be one of ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert!(help.contains(&format!("Kinds: {kinds} ")), "{kinds} in {help}");
}

#[test]
fn the_clock_is_shown_frozen_advanced_and_resumed() {
    let user = User::new();
    let (_running, _) = user.start(&[]);
    let frozen = user.json(&["clock", "freeze"]);
    assert_eq!(frozen["is_frozen"], true);
    let later = user.json(&["clock", "advance", "1h 30m"]);
    assert_eq!(later["now"].as_u64().unwrap() - frozen["now"].as_u64().unwrap(), 90 * 60 * 1000);
    assert_eq!(user.json(&["clock"]), later);
    assert_eq!(user.json(&["clock", "resume"])["is_frozen"], false);
    assert!(user.run(&["clock"]).succeeded().stdout.contains('Z'));
}

#[test]
fn scenarios_are_checked_played_listed_and_cleared() {
    let user = User::new();
    let scenario = "name = \"mine\"\ndescription = \"Paid.\"\n[orders]\ndirection = \"deposit\"\n[[steps]]\nafter = \"1s\"\ndo = \"pay\"\n";
    let file = user.0.write("mine.toml", scenario);
    // Checking needs no sandbox.
    assert!(user.run(&["scenario", "check", &file]).succeeded().stdout.contains("mine"));
    let wrong = user.0.write("wrong.toml", scenario.replace("pay", "stay"));
    user.run(&["scenario", "check", &wrong]).failed(2, &["wrong.toml", "line 5"]);
    user.run(&["scenario", "run", &file]).failed(3, &["no sandbox runs"]);
    let (_running, _) = user.start(&[]);
    assert_eq!(user.json(&["scenario", "run", &file])["name"], "mine");
    assert_eq!(user.json(&["scenario", "run", "paid-later"])["name"], "paid-later");
    user.run(&["scenario", "run", "paid-soon"]).failed(2, &["paid-soon", "no file of this name"]);
    assert_eq!(user.json(&["scenario", "list"])["scenarios"].as_array().unwrap().len(), 2);
    let left = user.run(&["scenario", "clear", "mine"]).succeeded().stdout;
    assert!(left.contains("paid-later") && !left.contains("mine"), "{left}");
    user.run(&["scenario", "clear", "mine"]).failed(1, &["is not played"]);
    assert!(user.run(&["scenario", "clear"]).succeeded().stdout.starts_with("No scenario"));
    let listed = user.run(&["scenario", "list"]).succeeded().stdout;
    let names = user.json(&["scenario", "list"])["included"].clone();
    for one in names.as_array().unwrap() {
        assert!(listed.contains(&format!("\n{} ", text(one, "name"))), "{listed}");
    }
    assert!(listed.starts_with("No scenario") && listed.contains("\npaid-later "), "{listed}");
}

#[test]
fn env_is_read_by_a_shell_and_the_command_then_finds_its_way() {
    let user = User::new();
    let (_running, ready) = user.start(&[]);
    let program = env!("CARGO_BIN_EXE_tarspay");
    let mut shell = Command::new("sh");
    shell.args([
        "-euc",
        r#"eval "$("$0" sandbox env)"; "$0" balance; echo "$TARSPAY_SYSTEM_PUBLIC_KEY""#,
        program,
    ]);
    for (name, value) in user.command(&[]).get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let done = run(&mut shell).succeeded();
    assert!(
        done.stdout.contains("1000000") && done.stdout.contains(text(&ready, "system_public_key")),
        "{done:?}"
    );
    let variables = user.json(&["env"]);
    for (name, member) in [
        ("TARSPAY_API_URL", "base_url"),
        ("TARSPAY_MERCHANT_ID", "merchant_no"),
        ("TARSPAY_PRIVATE_KEY", "private_key"),
        ("TARSPAY_SYSTEM_PUBLIC_KEY", "system_public_key"),
    ] {
        assert_eq!(variables[name], ready[member]);
        let line = |shell| user.run(&["env", "--shell", shell]).succeeded().stdout;
        let value = text(&ready, member);
        assert!(line("fish").contains(&format!("set -gx {name} '{value}'\n")));
        assert!(line("powershell").contains(&format!("$env:{name} = '{value}'\n")));
    }
    user.run(&["env", "--shell", "cmd"]).failed(2, &["powershell"]);
    let other = User::new();
    let _started = Running::begin(&mut other.command(&[]));
    other.run(&["env", "--wait", "60s"]).succeeded();
    User::new().run(&["env", "--wait", "1ms"]).failed(3, &["no sandbox runs"]);
    // Somebody else's sandbox can be operated, but its key is not known.
    let url = text(&ready, "base_url");
    let other = User::new();
    other.run(&["clock", "--sandbox", url]).succeeded();
    let done = other.run(&["env", "--sandbox", url]).failed(1, &["private key is not known"]);
    assert_eq!(done.stdout, "false\n");
}

#[test]
fn after_an_env_that_failed_a_shell_does_not_go_on() {
    let user = User::new();
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        r#"eval "$("$0" sandbox env --wait 0s)" && echo went on"#,
        env!("CARGO_BIN_EXE_tarspay"),
    ]);
    for (name, value) in user.command(&[]).get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    assert_eq!(run(&mut shell).failed(1, &["no sandbox runs"]).stdout, "");
    for (args, code, stdout) in [
        (&["--wait", "0s"][..], 3, "false\n"),
        (&["--wait", "0s", "--shell", "fish"], 3, "false\n"),
        (&["--wait", "0s", "--shell=powershell"], 3, "throw 'tarspay sandbox env failed'\n"),
        (&["--wait", "0s", "--json"], 3, ""),
        (&["--sandbox", "shop", "--wait", "0s"], 3, "false\n"),
        (&["--sandbxo", "shop"], 2, "false\n"),
        (&["--wait", "long", "--shell", "powershell"], 2, "throw 'tarspay sandbox env failed'\n"),
    ] {
        let done = user.run(&[&["env"], args].concat());
        assert_eq!((done.code, done.stdout.as_str()), (Some(code), stdout), "{done:?}");
    }
    assert_eq!(user.run(&["orders"]).failed(3, &["no sandbox runs"]).stdout, "");
    // One that has just been started is waited for.
    let help = user.run(&["env", "--help"]).succeeded().stdout;
    assert!(help.contains("[default: 5s]"), "{help}");
}

#[test]
fn a_public_name_comes_with_the_permission_for_plain_http() {
    let user = User::new();
    let (_running, _) = user.start(&["--public-name", "shop-sandbox"]);
    let variables = user.json(&["env"]);
    assert_eq!(variables["TARSPAY_PLAIN_HTTP_HOST"], "shop-sandbox");
    // The name leads nowhere here, and the sandbox is found all the same.
    user.run(&["orders"]).succeeded();
}

#[test]
fn the_file_is_the_users_alone_and_goes_with_the_sandbox() {
    let user = User::new();
    user.run(&["orders"]).failed(3, &["no sandbox runs", "`tarspay sandbox`", "--sandbox URL"]);
    let (running, ready) = user.start(&[]);
    let [file] = &user.files()[..] else { panic!("one file") };
    for (path, mode) in [(file.clone(), 0o100_600), (file.parent().unwrap().to_owned(), 0o40_700)] {
        assert_eq!(path.metadata().unwrap().permissions().mode(), mode, "{}", path.display());
    }
    let state: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(state["private_key"], ready["private_key"]);
    assert!(text(&state, "about").contains("open nothing else"));
    // Another user of this machine does not see it.
    User::new().run(&["orders"]).failed(3, &["no sandbox runs"]);
    running.signal("-TERM");
    assert_eq!(running.ended(), (Some(0), String::new()));
    assert!(user.files().is_empty());
}

#[test]
fn a_file_of_a_killed_sandbox_is_recognised_also_if_another_has_its_port() {
    let user = User::new();
    let (running, ready) = user.start(&[]);
    running.kill();
    assert_eq!(user.files().len(), 1);
    let error = user.run(&["orders", "--json"]).failed(3, &["no sandbox runs"]).error();
    assert_eq!(error["kind"], "not_running");
    assert!(user.files().is_empty());
    let url = text(&ready, "base_url");
    user.run(&["orders", "--sandbox", url]).failed(3, &[url, "`tarspay sandbox`"]);

    let (running, ready) = user.start(&[]);
    let stale = user.files().remove(0);
    let kept = std::fs::read(&stale).unwrap();
    running.kill();
    let (_running, _) = User::new().start(&["--listen", text(&ready, "listen")]);
    std::fs::write(&stale, kept).unwrap();
    user.run(&["orders"]).failed(3, &["no sandbox runs"]);
    assert!(user.files().is_empty());
}

#[test]
fn of_several_the_newest_is_taken_or_the_one_that_is_named() {
    let user = User::new();
    let (_first, first) = user.start(&["--name", "shop"]);
    let (second, ready) = user.start(&[]);
    let url = |args: &[&str]| user.json(&[&["env"], args].concat())["TARSPAY_API_URL"].clone();
    assert_eq!(url(&[]), ready["base_url"]);
    assert_eq!(url(&["--sandbox", "shop"]), first["base_url"]);
    assert_eq!(url(&["--sandbox", text(&ready, "base_url")]), ready["base_url"]);
    let port = text(&ready, "listen").rsplit_once(':').unwrap().1;
    assert_eq!(url(&["--sandbox", port]), ready["base_url"]);
    let done = user.run(&["clock"]);
    assert_eq!(done.code, Some(0));
    assert!(done.stderr.contains("using the newest sandbox") && done.stderr.contains("shop"), "{done:?}");
    user.run(&["clock", "--sandbox", "shoe"]).failed(3, &["\"shoe\"", "shop (http://127.0.0.1:"]);
    user.run(&["--name", "shop"]).failed(2, &["a sandbox shop runs already"]);
    user.run(&["--name", "../shop"]).failed(2, &["letters, digits"]);
    user.run(&["clock", "--sandbox", "https://127.0.0.1:1"]).failed(2, &["http://HOST:PORT"]);
    second.kill();
    assert_eq!(url(&[]), first["base_url"]);
}

#[test]
fn a_folder_that_others_can_use_is_not_used() {
    let user = User::new();
    let folder = user.0.path("run/tarspay/sandboxes");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let (_running, _) = user.start(&[]);
    assert!(user.files().is_empty());
    // It has gone to the other place.
    assert!(user.0.path("state/tarspay/sandboxes").is_dir());
    user.run(&["orders"]).succeeded();
}

#[test]
fn without_a_file_it_runs_if_somebody_reads_its_line_and_else_it_fails() {
    let user = User::new();
    for folder in ["run", "state"] {
        user.0.write(folder, "a file in the way");
    }
    let mut command = user.command(&["--json"]);
    let running = Running::start_command(&mut command);
    let ready: Value = serde_json::from_str(&running.ready).unwrap();
    user.run(&["orders", "--sandbox", text(&ready, "base_url")]).succeeded();
    user.run(&["orders"]).failed(3, &["no sandbox runs"]);
    running.signal("-INT");
    assert!(running.ended().1.contains("--sandbox http://127.0.0.1:"));
    let mut unseen = user.command(&[]);
    Done::from(unseen.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap())
        .failed(2, &["nobody reads where the sandbox listens"]);
}

#[test]
fn a_sandbox_whose_line_is_not_read_is_found_all_the_same() {
    let user = User::new();
    let mut command = user.command(&["--name", "unseen"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !user.0.path("run/tarspay/sandboxes/unseen.json").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::yield_now();
    }
    user.run(&["orders"]).succeeded();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn the_log_is_shown_and_followed_until_the_sandbox_is_gone() {
    let user = User::new();
    let (running, ready) = user.start(&[]);
    deposit(&ready, "D1").await;
    let shown = user.run(&["log"]).succeeded().stdout;
    assert!(shown.contains("/api/pay/unifiedOrder D1 SUCCESS") && shown.contains("-> 0 ("), "{shown}");
    let events = user.json(&["log", "--last", "1"]);
    assert_eq!(events["events"].as_array().unwrap().len(), 1);

    let follower = Running::begin(&mut user.command(&["log", "--follow", "--json", "--last", "1"]));
    let first: Value = serde_json::from_str(&follower.line()).unwrap();
    assert_eq!(first, events["events"][0]);
    user.run(&["pay", "D1"]).succeeded();
    let next: Value = serde_json::from_str(&follower.line()).unwrap();
    assert_eq!((&next["kind"], &next["to"]), (&json!("state_changed"), &json!(1)));
    let for_people = Running::begin(&mut user.command(&["log", "-f", "--last", "1"]));
    assert!(for_people.line().contains("Z  "));
    running.signal("-TERM");
    assert_eq!(running.ended(), (Some(0), String::new()));
    for (follower, words) in
        [(for_people, "has stopped; nothing more follows"), (follower, r#""kind":"sandbox_gone""#)]
    {
        let (code, stderr) = follower.at_end();
        assert_eq!(code, Some(3));
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn open_opens_the_page_and_prints_it_where_there_is_no_browser() {
    let user = User::new();
    let (_running, ready) = user.start(&[]);
    let url = text(&ready, "base_url");
    let mut alone = user.command(&["open"]);
    alone.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("BROWSER");
    let done = run(&mut alone).failed(0, &["no browser was found", "BROWSER"]);
    assert_eq!(done.stdout, format!("{url}\n"));
    if !cfg!(target_os = "linux") {
        return;
    }
    let opened = as_argument(&user.0.path("opened"));
    let browser = user.0.write("xdg-open", format!("#!/bin/sh\necho \"$1\" > {opened}\n"));
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut with_screen = user.command(&["open"]);
    with_screen.env("DISPLAY", ":0").env("PATH", user.0.path("")).env_remove("BROWSER");
    assert_eq!(run(&mut with_screen).succeeded().stdout, "");
    assert_eq!(std::fs::read_to_string(&opened).unwrap(), format!("{url}\n"));
    std::fs::remove_file(&opened).unwrap();
    run(alone.env("BROWSER", &browser)).succeeded();
    assert_eq!(std::fs::read_to_string(&opened).unwrap(), format!("{url}\n"));
    run(alone.env("BROWSER", "/no/such/program")).failed(0, &["did not open"]);
    std::fs::write(&browser, "#!/bin/sh\nexit 3\n").unwrap();
    let done = run(with_screen.arg("--json")).succeeded();
    assert_eq!(done.json(), json!({ "url": url, "is_open": false }));
}
