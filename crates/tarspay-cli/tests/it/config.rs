//! Settings from flags, the environment and profiles.

use crate::vectors::Vector;
use crate::{Files, TEST_KEY, as_argument, run, tarspay, tarspay_with_key, text};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

const PUBLIC_KEY: &str = "0353bff99033789d833fe369748e27831b142568b3d879263276290b961c93957c";

/// The program with this folder for configuration.
fn configured(files: &Files, args: &[&str]) -> Command {
    let mut command = tarspay(args);
    command.env("XDG_CONFIG_HOME", files.path(""));
    command
}

fn with_profiles(text: &str) -> Files {
    let files = Files::new();
    std::fs::create_dir(files.path("tarspay")).unwrap();
    files.write("tarspay/config.toml", text);
    files
}

fn file_of(files: &Files) -> String {
    std::fs::read_to_string(files.path("tarspay/config.toml")).unwrap()
}

/// What `config show` says of one setting: value and place.
fn shown(settings: &Value, name: &str) -> (Value, Value) {
    (settings["settings"][name]["value"].clone(), settings["settings"][name]["place"].clone())
}

#[test]
fn flags_go_before_the_environment_and_that_before_a_profile() {
    let files = with_profiles(
        "[live]\nmerchant_id = \"M3\"\napi_url = \"https://profile.example\"\nplain_http_host = \"three\"\n\
         platform_roots = true\nkey_file = \"live.key\"\n",
    );
    files.write("tarspay/live.key", TEST_KEY);
    let mut command = configured(&files, &["config", "show", "--json", "--merchant-id", "M1"]);
    command.env("TARSPAY_PROFILE", "live").env("TARSPAY_MERCHANT_ID", "M2");
    command.env("TARSPAY_API_URL", "https://environment.example");
    let done = run(&mut command).succeeded();
    let settings = done.json();
    let key_file = as_argument(&files.path("tarspay/live.key"));
    for (name, value, place, source) in [
        ("merchant_id", json!("M1"), json!("--merchant-id"), json!("flag")),
        ("api_url", json!("https://environment.example"), json!("TARSPAY_API_URL"), json!("environment")),
        ("plain_http_host", json!("three"), json!("profile `live`"), json!("profile")),
        ("platform_roots", json!("true"), json!("profile `live`"), json!("profile")),
        ("key_file", json!(key_file), json!("profile `live`"), json!("profile")),
        ("public_key", json!(PUBLIC_KEY), json!("profile `live`"), json!("profile")),
    ] {
        assert_eq!(shown(&settings, name), (value, place), "{name}");
        assert_eq!(settings["settings"][name]["source"], source, "{name}");
    }
    assert_eq!(settings["settings"]["proxy"], Value::Null);
    assert_eq!(text(&settings, "profile"), "live");
    done.keeps_secret(TEST_KEY);
    // A flag names another profile than the environment, and a key of the environment goes first.
    let mut command = configured(&files, &["config", "show", "--json", "--profile", "live"]);
    command.env("TARSPAY_PROFILE", "other").env("TARSPAY_PRIVATE_KEY", TEST_KEY);
    let done = run(&mut command).succeeded();
    assert_eq!(shown(&done.json(), "public_key"), (json!(PUBLIC_KEY), json!("TARSPAY_PRIVATE_KEY")));
    done.keeps_secret(TEST_KEY);
}

#[test]
fn without_a_file_the_defaults_apply_and_are_named() {
    let done = run(&mut tarspay(&["config", "show"])).succeeded();
    assert!(done.stdout.contains("https://payment.tarspay.com  (default)"), "{done:?}");
    assert!(done.stdout.contains("merchant_id              not set"), "{done:?}");
}

#[test]
fn a_call_takes_its_settings_from_a_profile() {
    let files = with_profiles("[default]\nmerchant_id = \"M1\"\nkey_file = \"my.key\"\n");
    files.write("tarspay/my.key", TEST_KEY);
    let done = run(&mut configured(&files, &["sign", "--path", "/x", "--no-body", "--json"])).succeeded();
    assert_eq!(text(&done.json()["headers"], "X-API-KEY"), PUBLIC_KEY);
    let unreachable = ["balance", "--api-url", "http://127.0.0.1:1"];
    run(&mut configured(&files, &unreachable)).failed(3, &["not sent"]);
    // Others can read the key.
    let key = files.path("tarspay/my.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    run(&mut configured(&files, &unreachable))
        .failed(2, &["profile `default`", "0644"])
        .keeps_secret(TEST_KEY);
    let done = run(&mut configured(&files, &["config", "show"])).succeeded();
    assert!(done.stdout.contains("cannot be read: profile `default`"), "{done:?}");
}

#[test]
fn callbacks_are_verified_with_the_key_of_the_settings() {
    let callback = Vector::named("C1");
    let other = format!("[test]\nsystem_public_key = \"{PUBLIC_KEY}\"\n");
    let files = with_profiles(&other);
    let body = files.write("callback.json", callback.body());
    let verify = ["verify", "callback", "--signature", callback.text("signature"), "--body", &body];
    run(&mut configured(&files, &verify)).succeeded();
    run(configured(&files, &verify).env("TARSPAY_SYSTEM_PUBLIC_KEY", PUBLIC_KEY)).failed(1, &["not valid"]);
    run(configured(&files, &verify).args(["--profile", "test"])).failed(1, &["not valid"]);
    let system = run(&mut tarspay(&["config", "show", "--json"])).succeeded().json();
    let (system, _) = shown(&system, "system_public_key");
    let again = ["--profile", "test", "--public-key", system.as_str().unwrap()];
    run(configured(&files, &verify).args(again)).succeeded();
}

#[test]
fn set_keeps_comments_and_writes_for_the_owner_alone() {
    let files = Files::new();
    let set =
        |args: &[&str]| run(configured(&files, &["config", "set"]).current_dir(files.path("")).args(args));
    for [member, value] in [
        ["api_url", "https://pay.example"],
        ["api_url", "http://sandbox:8080"],
        ["api_url", "http://[fd00::1]:8080"],
        ["plain_http_host", "sandbox"],
        ["proxy", "http://proxy:3128"],
    ] {
        set(&["--profile", "live", member, value]).succeeded();
    }
    std::fs::remove_file(files.path("tarspay/config.toml")).unwrap();
    set(&["merchant_id", "M1"]).succeeded();
    assert_eq!(file_of(&files), "[default]\nmerchant_id = \"M1\"\n");
    files.write(
        "tarspay/config.toml",
        "# mine\n[default]\n# the shop\nmerchant_id = \"M1\"\n\n[other]\nmerchant_id = \"M9\"\n",
    );
    set(&["merchant_id", "M2"]).succeeded();
    set(&["key_file", "a.key"]).succeeded();
    set(&["--profile", "live", "platform_roots", "true"]).succeeded();
    let key = as_argument(&files.path("a.key"));
    assert_eq!(
        file_of(&files),
        format!(
            "# mine\n[default]\nkey_file = \"{key}\"\n# the shop\nmerchant_id = \"M2\"\n\n[other]\n\
             merchant_id = \"M9\"\n\n[live]\nplatform_roots = true\n"
        )
    );
    let mode = std::fs::metadata(files.path("tarspay/config.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(files.path("tarspay")).unwrap().count(), 1, "no draft is left");
    let path = run(&mut configured(&files, &["config", "path"])).succeeded();
    assert_eq!(path.stdout.trim_end(), as_argument(&files.path("tarspay/config.toml")));
}

#[test]
fn what_a_profile_cannot_hold_is_refused_and_changes_nothing() {
    let before = "[default]\nmerchant_id = \"M1\"\n";
    let files = with_profiles(before);
    let set = |args: &[&str]| run(configured(&files, &["config", "set"]).args(args));
    for (args, words) in [
        (&["merchantid", "M1"][..], &["unknown setting `merchantid`", "`merchant_id`"][..]),
        (&["api-ulr", "x"], &["`api_url`"]),
        (&["merchant_id", " "], &["merchant_id", "empty"]),
        (&["merchant_id", &"M".repeat(200)], &["merchant_id"]),
        (&["platform_roots", "maybe"], &["true or false"]),
        (&["proxy", "http://user:open-sesame-7@proxy:1"], &["TARSPAY_PROXY"]),
        (&["proxy", "garbage"], &["proxy"]),
        (&["proxy", "https://proxy:3128"], &["must begin with http://"]),
        (&["api_url", "https://user:open-sesame-7@pay.example"], &["api_url", "no user name or password"]),
        (&["api_url", "garbage"], &["api_url", "must begin with https://"]),
        (&["api_url", "ftp://pay.example"], &["api_url"]),
        (&["api_url", "https://pay.example/?a=b"], &["api_url", "query"]),
        (&["plain_http_host", "a b"], &["plain_http_host", "without scheme"]),
        (&["plain_http_host", "http://sandbox:8080"], &["plain_http_host", "without scheme"]),
        (&["system_public_key", "03"], &["system_public_key"]),
        (&["private_key", TEST_KEY], &["never holds a key", "key_file"]),
        (&["key_file", TEST_KEY], &["never holds a key"]),
        (&["key_file", &TEST_KEY[..63]], &["never holds a key"]),
        (&[TEST_KEY, "x"], &["a name of more than"]),
        (&["--profile", "a b", "merchant_id", "M1"], &["letters, digits"]),
    ] {
        let done = set(args).failed(2, words);
        done.keeps_secret(TEST_KEY);
        done.keeps_secret("open-sesame-7");
        assert_eq!(file_of(&files), before, "{args:?}");
    }
    // Another way of writing the same is left to its owner.
    for odd in ["default = { merchant_id = \"M1\" }\n", "[default]\n\"merchant_id\" = \"M1\"\n"] {
        let files = with_profiles(odd);
        run(&mut configured(&files, &["config", "set", "merchant_id", "M2"])).failed(2, &["edit it by hand"]);
        assert_eq!(file_of(&files), odd);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_that_shows_no_secret() {
    for (content, words) in [
        ("[default]\nprivate_key = \"KEY\"\n", &["profile `default`", "never holds a key"][..]),
        ("[default]\nkey_file = \"KEY\"\n", &["never holds a key"]),
        ("[default]\nmerchantId = \"M1\"\n", &["config.toml", "`merchantId`", "did you mean `merchant_id`"]),
        ("[default]\nmerchant_id = 5\n", &["`merchant_id`", "neither a text nor true"]),
        ("default = \"KEY\"\n", &["`default`", "[default]"]),
        ("[default]\n\nkey_file = KEY\n", &["line 3"]),
        ("[default]\nKEY\n", &["line 2"]),
    ] {
        let files = with_profiles(&content.replace("KEY", TEST_KEY));
        for command in [&["config", "show"][..], &["balance"], &["sign", "--path", "/x", "--no-body"]] {
            let done = run(configured(&files, command).env("TARSPAY_PRIVATE_KEY", TEST_KEY));
            done.failed(2, words).keeps_secret(TEST_KEY);
        }
    }
}

#[test]
fn a_profile_that_is_missing_is_wrong_usage_and_the_others_are_named() {
    let files = with_profiles("[live]\n[test]\n");
    let done = run(&mut configured(&files, &["balance", "--profile", "lvie", "--json"]));
    let error = done.failed(2, &["no profile `lvie`", "live, test"]).error();
    assert_eq!(text(&error, "kind"), "usage");
    let missing = ["config", "show", "--profile", "live"];
    run(&mut tarspay(&missing)).failed(2, &["no profile `live`", "Profiles: none"]);
}

#[test]
fn show_hides_the_password_of_a_proxy() {
    const PASSWORD: &str = "open-sesame-7";
    let mut command = tarspay_with_key(&["config", "show"]);
    let done = run(command.env("TARSPAY_PROXY", format!("http://user:{PASSWORD}@proxy:3128"))).succeeded();
    assert!(done.stdout.contains("http://…@proxy:3128  (TARSPAY_PROXY)"), "{done:?}");
    done.keeps_secret(PASSWORD);
    done.keeps_secret(TEST_KEY);
    let mut command = tarspay(&["config", "show"]);
    let done =
        run(command.env("TARSPAY_API_URL", format!("https://user:{PASSWORD}@pay.example"))).succeeded();
    assert!(done.stdout.contains(" https://…@pay.example  (TARSPAY_API_URL)"), "{done:?}");
    done.keeps_secret(PASSWORD);
    // Neither is it taken from a file that was edited by hand.
    let files = with_profiles(&format!("[default]\napi_url = \"https://user:{PASSWORD}@pay.example\"\n"));
    let done = run(&mut configured(&files, &["config", "show"]));
    done.failed(2, &["profile `default`", "no user name or password"]).keeps_secret(PASSWORD);
}
