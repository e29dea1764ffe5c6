//! How many connections a pool holds, and for how long; in `HikariCP`'s words,
//! since many services come from there.

use std::time::Duration;

use crate::error::ClientError;

/// The limits of the pool of one node. Every node of the routing table has a
/// pool of its own with the same limits.
///
/// The fields are called as in `HikariCP` (`maximumPoolSize` is
/// `maximum_pool_size`), and mean the same. Where the default differs, the field
/// says why.
///
/// ```
/// use std::time::Duration;
/// use lictor_client::PoolConfig;
///
/// // spring.datasource.hikari.maximum-pool-size=20, minimum-idle=10,
/// // idle-timeout=30000, max-lifetime=1800000, connection-timeout=30000:
/// let pool = PoolConfig {
///     maximum_pool_size: 20,
///     minimum_idle: 10,
///     idle_timeout: Duration::from_secs(30),
///     max_lifetime: Duration::from_mins(30),
///     connection_timeout: Duration::from_secs(30),
///     ..PoolConfig::default()
/// };
/// assert!(pool.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// `HikariCP`: `maximumPoolSize`, 10. Connections to one node at most, idle
    /// and in use together.
    ///
    /// Here 32. The control plane may hand this client a smaller share of what
    /// the node takes; then the smaller number counts.
    pub maximum_pool_size: usize,
    /// `HikariCP`: `minimumIdle`, the same as `maximumPoolSize`. So many idle
    /// connections are kept ready while there is room for them.
    ///
    /// Here 1: every node has a pool, also the replicas that may never be asked
    /// for more than their lag; one ready connection spares the first write
    /// after a failover its login. 0 keeps none.
    pub minimum_idle: usize,
    /// `HikariCP`: `idleTimeout`, 10 minutes. A connection that nobody used for
    /// so long is closed, down to `minimum_idle`.
    pub idle_timeout: Duration,
    /// `HikariCP`: `maxLifetime`, 30 minutes. No connection gets older; up to a
    /// tenth is taken off by lot, so that they do not all end at once. One in
    /// use ends when it comes back. Set it below the server's `wait_timeout`.
    pub max_lifetime: Duration,
    /// `HikariCP`: `connectionTimeout`, 30 s. How long a caller waits for a
    /// connection.
    ///
    /// Here 10 s, and it includes the wait for a failover or a switchover to
    /// end.
    pub connection_timeout: Duration,
    /// `HikariCP`: `keepaliveTime`, 2 minutes. An idle connection that was not
    /// heard for so long is asked whether it lives.
    ///
    /// Here 10 s, so that what is kept ready for a failover is ready.
    pub keepalive_time: Duration,
    /// `HikariCP`: `validationTimeout`, 5 s. How long a connection may take to
    /// say that it lives.
    ///
    /// Here 2 s. There is no `connectionTestQuery`: each connection handed out
    /// has just been reset (`COM_RESET_CONNECTION`), which proves that it lives
    /// and leaves nothing of the session before.
    pub validation_timeout: Duration,
    /// `HikariCP` leaves it to the driver (`connectTimeout`). How long one login
    /// may take; 2 s.
    pub login_timeout: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            maximum_pool_size: 32,
            minimum_idle: 1,
            idle_timeout: Duration::from_mins(10),
            max_lifetime: Duration::from_mins(30),
            connection_timeout: Duration::from_secs(10),
            keepalive_time: Duration::from_secs(10),
            validation_timeout: Duration::from_secs(2),
            login_timeout: Duration::from_secs(2),
        }
    }
}

impl PoolConfig {
    /// Whether the numbers fit together; [`ClientError::InvalidConfig`] names
    /// the first that does not. [`Lictor::connect`](crate::Lictor::connect)
    /// checks it too.
    pub fn check(&self) -> Result<(), ClientError> {
        let times = [
            ("idle_timeout", self.idle_timeout),
            ("max_lifetime", self.max_lifetime),
            ("connection_timeout", self.connection_timeout),
            ("keepalive_time", self.keepalive_time),
            ("validation_timeout", self.validation_timeout),
            ("login_timeout", self.login_timeout),
        ];
        let wrong = |why: String| Err(ClientError::InvalidConfig(why));
        if self.maximum_pool_size == 0 {
            return wrong("`maximum_pool_size` is 0; at least 1 is needed".to_owned());
        }
        if self.minimum_idle > self.maximum_pool_size {
            return wrong(format!(
                "`minimum_idle` is {}, more than `maximum_pool_size`, {}",
                self.minimum_idle, self.maximum_pool_size
            ));
        }
        if let Some((name, _)) = times.iter().find(|(_, time)| time.is_zero()) {
            return wrong(format!("`{name}` is 0; it has to be longer"));
        }
        if self.keepalive_time >= self.max_lifetime {
            return wrong(format!(
                "`keepalive_time` is {:?}; it has to be less than `max_lifetime`, {:?}",
                self.keepalive_time, self.max_lifetime
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_together_is_named() {
        let wrong = |change: fn(&mut PoolConfig)| {
            let mut config = PoolConfig::default();
            change(&mut config);
            config.check().unwrap_err().to_string()
        };
        assert!(PoolConfig::default().check().is_ok());
        assert!(wrong(|c| c.maximum_pool_size = 0).contains("`maximum_pool_size` is 0"));
        assert!(wrong(|c| c.minimum_idle = 33).contains("`minimum_idle` is 33, more than"));
        assert!(wrong(|c| c.login_timeout = Duration::ZERO).contains("`login_timeout` is 0"));
        assert!(wrong(|c| c.keepalive_time = c.max_lifetime).contains("`keepalive_time`"));
    }
}
