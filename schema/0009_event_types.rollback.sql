DROP TABLE projection.event_types;
