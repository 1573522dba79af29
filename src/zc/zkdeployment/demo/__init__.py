"""A fleet of three hosts on one machine that shows what zkdeployment does, and checks it."""
