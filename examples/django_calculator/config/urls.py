from calculator import views
from django.urls import path

urlpatterns = [
    path("", views.page, name="page"),
    path("calculate", views.calculate, name="calculate"),
]
