//! One page's connection.

use std::{collections::BTreeMap, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, interval_at, timeout};

use super::{
    Subscriber,
    subscription::{Asked, Subscription},
};
use crate::web::{
    answer::{Fault, blocking},
    state::Shared,
};

/// How often the server says that it is there, when it says nothing else, and what changes with time alone is told.
const BEAT: Duration = Duration::from_secs(1);
/// After so many of these the page hears that the server is there.
const ALIVE: u32 = 10;
/// A page that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Subscriptions of one page at most.
const MOST: usize = 256;

/// What a page says.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    Subscribe(Box<Asked>),
    Unsubscribe(String),
}

/// A page and what it subscribes to.
struct Connection {
    app: Shared,
    socket: WebSocket,
    subscriptions: BTreeMap<String, Subscription>,
    /// Keeps files being looked at while there is any subscription.
    subscriber: Option<Subscriber>,
}

/// The page is gone.
struct Gone;

/// Tells a page what it subscribes to, until it goes.
pub(super) async fn serve(app: Shared, socket: WebSocket) {
    let mut connection = Connection { app, socket, subscriptions: BTreeMap::new(), subscriber: None };
    // However it ends, the page connects again and goes on from what it has.
    let _ = connection.run().await;
}

impl Connection {
    async fn run(&mut self) -> Result<(), Gone> {
        let mut news = self.app.live.news();
        let mut beat = interval_at(Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut beats = 0;
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(text.as_str()).await?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
                    // The library answers pings.
                    Some(Ok(_)) => {}
                },
                changed = news.changed() => {
                    changed.map_err(|_| Gone)?;
                    self.tell(false).await?;
                }
                _ = beat.tick() => {
                    beats += 1;
                    if beats % ALIVE == 0 {
                        self.send(Message::text(r#"{"alive": true}"#)).await?;
                    }
                    self.tell(true).await?;
                }
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), Gone> {
        match serde_json::from_str(text) {
            Ok(Said::Subscribe(asked)) => {
                let key = asked.key.clone();
                if let Err(fault) = self.subscribe(*asked).await {
                    let told = json!({ "key": key, "error": fault.json() });
                    self.send(Message::text(told.to_string())).await?;
                }
                self.tell(true).await
            }
            Ok(Said::Unsubscribe(key)) => {
                self.subscriptions.remove(&key);
                if self.subscriptions.is_empty() {
                    self.subscriber = None;
                }
                Ok(())
            }
            Err(e) => {
                let fault = Fault::wrong(format!("not understood: {e}"), "see openapi.yaml");
                self.send(Message::text(json!({ "error": fault.json() }).to_string())).await
            }
        }
    }

    async fn subscribe(&mut self, asked: Asked) -> Result<(), Fault> {
        if asked.key.is_empty() || asked.key.len() > 255 {
            return Err(Fault::wrong("a subscription's key has 1 to 255 bytes", "name it shorter"));
        }
        // The same key again means something else from now on.
        self.subscriptions.remove(&asked.key);
        if self.subscriptions.len() >= MOST {
            return Err(Fault::wrong(format!("{MOST} subscriptions are too many"), "unsubscribe some"));
        }
        if self.subscriber.is_none() {
            self.subscriber = Some(self.app.live.subscribe()?);
        }
        let app = Shared::clone(&self.app);
        let key = asked.key.clone();
        let subscription = blocking(move || Subscription::begin(&app, asked)).await?;
        self.subscriptions.insert(key, subscription);
        Ok(())
    }

    /// Tells what is new of each subscription; `beat`: what changes with time alone, too.
    async fn tell(&mut self, beat: bool) -> Result<(), Gone> {
        let due: Vec<String> = self
            .subscriptions
            .iter()
            .filter(|(_, subscription)| subscription.is_due(beat))
            .map(|(key, _)| key.clone())
            .collect();
        for key in due {
            let mut more = true;
            while more {
                let Some(mut subscription) = self.subscriptions.remove(&key) else { break };
                let app = Shared::clone(&self.app);
                let name = key.clone();
                let told = blocking(move || {
                    let told = subscription.tell(&app, &name);
                    Ok((subscription, told))
                })
                .await;
                let messages = match told {
                    Ok((subscription, Ok(told))) => {
                        self.subscriptions.insert(key.clone(), subscription);
                        more = told.more;
                        told.messages
                    }
                    // What it was about is gone.
                    Ok((_, Err(fault))) | Err(fault) => {
                        more = false;
                        vec![Message::text(json!({ "key": key, "error": fault.json() }).to_string())]
                    }
                };
                for message in messages {
                    self.send(message).await?;
                }
            }
        }
        Ok(())
    }

    /// Waits until the page has taken it: what is new meanwhile is read when it has.
    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}
