#!/usr/bin/env node
console.log('sekisho');
