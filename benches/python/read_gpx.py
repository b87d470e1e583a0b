"""Reads a GPX file with gpxpy and counts its points."""

import sys

import gpxpy

with open(sys.argv[1], encoding="utf-8") as file:
    print(gpxpy.parse(file).get_track_points_no())
