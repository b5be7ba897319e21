-- Notifications are read from the log itself (docs/adr/0025-notifications-are-streams-of-their-own.md): each is one event
-- that nothing changes. Other events cost these indexes the look at their type.
create index events_notified on events ((data ->> 'recipient'), position)
where type = 'makewhole.NotificationRequested.v1';
create index events_notified_key on events (key, position) where type = 'makewhole.NotificationRequested.v1';
