"""What ``reports/trap.html`` asks for."""

from django import template

from reports import traps

register = template.Library()
register.simple_tag(traps.drawn, name="drawn")
