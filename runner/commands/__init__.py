"""The command line, a module for each group of commands.

    migrations  migrate, plan, rollback, baseline, distribute
    schema      verify-schema, schema dump, lint
    upkeep      status, doctor, verify, rebuild, purge
    projection  projection list, projection show
    tenant      tenant list, show, create, change, suspend, resume, close, isolate, move
    role        role create
    database    database clone, drop
    server      server start, stop, status, url, psql, destroy
    new         new project, event-type, projection, event-table, function
    about       version, config
    demo        demo

They print with `terminal`, share `options`, and reach the database with `reaching`.
"""
